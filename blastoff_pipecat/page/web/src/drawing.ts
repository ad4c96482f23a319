import { svg } from "./element.ts";
import { marksOf, type Scale } from "./scale.ts";
import { shortly } from "./seconds.ts";
import { firstHeard, type Reply } from "./timeline-message.ts";

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

/** When each model's first text arrived. */
function texts({ times }: Reply, x: X, width: number): SVGElement[] {
  const opening = times.opening_text === null ? null : x(times.opening_text);
  const continuation = times.continuation_text === null ? null : x(times.continuation_text);
  const drawn: SVGElement[] = [];
  const mark = (name: string, at: number, secs: number, room: number) => {
    drawn.push(svg("circle", { class: `text-${name}`, cx: at, cy: TEXT_Y, r: 4.5 }));
    const label = shortly(secs);
    if (room > label.length * CHARACTER + 12)
      drawn.push(svg("text", { class: "label", x: at + 9, y: TEXT_Y + 4 }, label));
  };
  if (opening !== null && times.opening_text !== null)
    mark("opening", opening, times.opening_text, (continuation ?? width) - opening);
  if (continuation !== null && times.continuation_text !== null)
    mark("continuation", continuation, times.continuation_text, width - continuation);
  return drawn;
}

/** What was heard when: the wait, the opening, the gap, the continuation. */
function voice(reply: Reply, scale: Scale, x: X): SVGElement[] {
  const { times, gap } = reply;
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
    drawn.push(bar("opening", times.opening_heard, until, scale, x));
  }
  if (gap !== null && times.opening_over !== null && times.continuation_heard !== null) {
    const [from, to] = [x(times.opening_over), x(times.continuation_heard)];
    drawn.push(
      svg("rect", {
        class: "gap",
        x: from,
        y: VOICE_Y,
        width: Math.max(to - from, 1),
        height: VOICE_HEIGHT,
        fill: "url(#gap-hatch)",
      }),
      svg("path", {
        class: "gap-bracket",
        d: `M${from} ${VOICE_Y + VOICE_HEIGHT + 2} v4 H${Math.max(to, from + 1)} v-4`,
      }),
      note(`gap ${shortly(gap)}`, (from + to) / 2, x(scale.to)),
    );
  }
  if (times.continuation_heard !== null)
    drawn.push(bar("continuation", times.continuation_heard, end, scale, x));
  if (reply.interrupted && times.over !== null && times.over <= scale.to) {
    const at = x(times.over);
    drawn.push(
      svg("line", { class: "cut", x1: at, x2: at, y1: VOICE_Y - 4, y2: VOICE_Y + VOICE_HEIGHT + 4 }),
    );
  }
  return drawn;
}

/** A stretch of speech, with an arrow's head where it goes on beyond the scale. */
function bar(name: "opening" | "continuation", from: number, to: number, scale: Scale, x: X) {
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
  const named = right - left - head > name.length * CHARACTER + 12;
  return svg(
    "g",
    { class: `bar bar-${name}`, "data-from": from, "data-to": to },
    svg("path", { d: shape }),
    named ? svg("text", { x: left + 8, y: middle + 4 }, name) : null,
  );
}

function note(text: string, at: number, rightmost: number): SVGElement {
  const half = (text.length * CHARACTER) / 2;
  const x = Math.min(Math.max(at, LEFT + half), rightmost + RIGHT - half);
  return svg("text", { class: "label gap-label", x, y: NOTE_Y, "text-anchor": "middle" }, text);
}

function lastStep({ times }: Reply): number | null {
  const steps = Object.values(times).filter((at) => at !== null);
  return steps.length ? Math.max(...steps) : null;
}
