import { svg } from "./element.ts";
import { marksOf, type Scale } from "./scale.ts";
import { shortly } from "./seconds.ts";
import {
  aloneHeard,
  firstHeard,
  gapsOf,
  longestGap,
  type Reply,
  type Span,
} from "./timeline-message.ts";

/** Where things are, in pixels from the top. */
const TEXT_Y = 15;
const VOICE_Y = 30;
const VOICE_HEIGHT = 24;
const NOTE_Y = 71;
const AXIS_Y = 82;
const HEIGHT = 98;
/** Room for the names of the lanes, and for the last mark's label. */
const LEFT = 42;
const RIGHT = 14;
/** About the width of a character of a label, in pixels. */
const CHARACTER = 6.6;

/** Draw the timeline of one reply, `width` pixels wide. */
export function draw(reply: Reply, scale: Scale, width: number): SVGSVGElement {
  const plot = Math.max(width - LEFT - RIGHT, 1);
  const x = (secs: number) =>
    LEFT + ((Math.min(Math.max(secs, scale.from), scale.to) - scale.from) / (scale.to - scale.from)) * plot;
  return svg(
    "svg",
    { class: "timeline", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" },
    axis(scale, x, plot),
    ...texts(reply, x, width),
    ...voice(reply, scale, x),
  );
}

type X = (secs: number) => number;

function axis(scale: Scale, x: X, plot: number): SVGElement {
  const marks = marksOf(scale, plot).flatMap((at) => [
    svg("line", { class: "mark", x1: x(at), x2: x(at), y1: 4, y2: AXIS_Y }),
    svg("text", { class: "label", x: x(at), y: HEIGHT - 3, "text-anchor": "middle" }, `${at} s`),
  ]);
  return svg(
    "g",
    {},
    ...marks,
    svg("line", { class: "zero", x1: x(0), x2: x(0), y1: 4, y2: AXIS_Y }),
    svg("text", { class: "label", x: 0, y: TEXT_Y + 4 }, "text"),
    svg("text", { class: "label", x: 0, y: VOICE_Y + VOICE_HEIGHT / 2 + 4 }, "voice"),
  );
}

/** What a stretch of speech is: whose words, and why. */
type Kind = "opening" | "waiting" | "continuation";

/** When each text arrived. */
function texts({ times, waitingLines, rescued }: Reply, x: X, width: number): SVGElement[] {
  const arrived: [Kind, number | null][] = [
    ["opening", times.opening_text],
    ...waitingLines.map((line): [Kind, number | null] => ["waiting", line.left]),
    [rescued ? "opening" : "continuation", times.continuation_text],
  ];
  const known = arrived.filter((text): text is [Kind, number] => text[1] !== null);
  return known.flatMap(([kind, secs], index) => {
    const [at, next] = [x(secs), known[index + 1]];
    const label = shortly(secs);
    const room = (next ? x(next[1]) : width) - at > label.length * CHARACTER + 12;
    return [
      svg("circle", { class: `text-${kind}`, cx: at, cy: TEXT_Y, r: 4.5 }),
      ...(room ? [svg("text", { class: "label", x: at + 9, y: TEXT_Y + 4 }, label)] : []),
    ];
  });
}

/** What was heard when: the wait, the opening, waiting lines, the answer, and the gaps between. */
function voice(reply: Reply, scale: Scale, x: X): SVGElement[] {
  const { times } = reply;
  const drawn: SVGElement[] = [];
  const heard = firstHeard(reply);
  const middle = VOICE_Y + VOICE_HEIGHT / 2;
  const waited = heard ?? (reply.done ? null : lastStep(reply));
  if (waited !== null)
    drawn.push(svg("line", { class: "wait", x1: x(0), x2: x(waited), y1: middle, y2: middle }));
  if (times.turn_ended !== null)
    drawn.push(
      svg("line", {
        class: "turn-ended",
        x1: x(times.turn_ended),
        x2: x(times.turn_ended),
        y1: VOICE_Y + 4,
        y2: VOICE_Y + VOICE_HEIGHT - 4,
      }),
    );
  const end = times.over ?? scale.to;
  if (times.opening_heard !== null) {
    const until = times.opening_over ?? Math.min(times.continuation_heard ?? end, end);
    drawn.push(bar("opening", ["opening"], times.opening_heard, until, scale, x));
  }
  for (const line of reply.waitingLines)
    if (line.heard !== null)
      drawn.push(bar("waiting", ["waiting line", "waiting", "…"], line.heard, line.over ?? end, scale, x));
  drawn.push(...gapsOf(reply).map((gap) => silence(gap, x)));
  const longest = longestGap(reply);
  if (longest) {
    const secs = shortly(longest.to - longest.from);
    drawn.push(note(`gap ${secs}`, (x(longest.from) + x(longest.to)) / 2, x(scale.to)));
  }
  if (times.continuation_heard !== null) {
    const [kind, names]: [Kind, string[]] = reply.rescued
      ? ["opening", ["small model stands in", "stand-in"]]
      : ["continuation", ["answer"]];
    drawn.push(bar(kind, names, times.continuation_heard, end, scale, x));
  }
  const alone = aloneHeard(reply);
  if (alone !== null) drawn.push(aloneMark(x(alone)));
  if (reply.interrupted && times.over !== null && times.over <= scale.to) {
    const at = x(times.over);
    drawn.push(
      svg("line", { class: "cut", x1: at, x2: at, y1: VOICE_Y - 4, y2: VOICE_Y + VOICE_HEIGHT + 4 }),
    );
  }
  return drawn;
}

function silence({ from, to }: Span, x: X): SVGElement {
  const [left, right] = [x(from), Math.max(x(to), x(from) + 1)];
  const place = { x: left, y: VOICE_Y, width: right - left, height: VOICE_HEIGHT };
  return svg(
    "g",
    {},
    svg("rect", { class: "gap", ...place, fill: "url(#gap-hatch)" }),
    svg("path", { class: "gap-bracket", d: `M${left} ${VOICE_Y + VOICE_HEIGHT + 2} v4 H${right} v-4` }),
  );
}

/** Points to when the large model alone would have been heard. */
function aloneMark(at: number): SVGElement {
  const tip = VOICE_Y - 1;
  return svg("path", { class: "alone", d: `M${at} ${tip} l-4.5 -7 h9 Z` });
}

/** A stretch of speech, with the longest of its names that fits, and an arrow's head where it goes on beyond the scale. */
function bar(kind: Kind, names: string[], from: number, to: number, scale: Scale, x: X) {
  const left = x(from);
  const right = Math.max(x(to), left + 2);
  const beyond = to > scale.to;
  const head = beyond ? 8 : 0;
  const [top, bottom, middle] = [VOICE_Y, VOICE_Y + VOICE_HEIGHT, VOICE_Y + VOICE_HEIGHT / 2];
  const round = Math.min(4, (right - left) / 2);
  const shape = beyond
    ? `M${left + round} ${top} H${right - head + 6} L${right + 6} ${middle} L${right - head + 6} ${bottom} ` +
      `H${left + round} q${-round} 0 ${-round} ${-round} V${top + round} q0 ${-round} ${round} ${-round} Z`
    : `M${left + round} ${top} H${right - round} q${round} 0 ${round} ${round} V${bottom - round} ` +
      `q0 ${round} ${-round} ${round} H${left + round} q${-round} 0 ${-round} ${-round} ` +
      `V${top + round} q0 ${-round} ${round} ${-round} Z`;
  const name = names.find((each) => right - left - head > each.length * CHARACTER + 12);
  return svg(
    "g",
    { class: `bar bar-${kind}`, "data-from": from, "data-to": to },
    svg("path", { d: shape }),
    name === undefined ? null : svg("text", { x: left + 8, y: middle + 4 }, name),
  );
}

function note(text: string, at: number, rightmost: number): SVGElement {
  const half = (text.length * CHARACTER) / 2;
  const x = Math.min(Math.max(at, LEFT + half), rightmost + RIGHT - half);
  return svg("text", { class: "label gap-label", x, y: NOTE_Y, "text-anchor": "middle" }, text);
}

function lastStep({ times, waitingLines }: Reply): number | null {
  const lines = waitingLines.map((line) => line.left);
  const steps = [...Object.values(times), ...lines].filter((at) => at !== null);
  return steps.length ? Math.max(...steps) : null;
}
