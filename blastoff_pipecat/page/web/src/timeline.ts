import { draw } from "./drawing.ts";
import { html } from "./element.ts";
import { scaleOf, type Scale } from "./scale.ts";
import { shortly, spoken } from "./seconds.ts";
import {
  aloneHeard,
  answerHeard,
  answersTurn,
  firstHeard,
  longestGap,
  type Handover,
  type Reply,
} from "./timeline-message.ts";

/** How many replies are shown. */
const SHOWN = 30;
/** How many of them, the newest, are on one scale: a slow one is not to squeeze all that follow. */
const COMPARED = 6;

/** How narrow a timeline is drawn at most, in pixels. */
const NARROWEST = 200;

type Shown = { reply: Reply; item: HTMLLIElement; scale: Scale };

/** The timelines of the last replies, newest on top. */
export class Timelines {
  private readonly replies = new Map<string, Shown>();
  private width = 0;

  constructor(private readonly list: HTMLElement) {
    new ResizeObserver(([resized]) => {
      if (!resized || resized.contentRect.width === this.width) return;
      this.width = resized.contentRect.width;
      for (const shown of this.replies.values()) this.draw(shown);
    }).observe(list);
  }

  /** Show a reply, or what is now known of it. */
  show(id: string, reply: Reply): void {
    let shown = this.replies.get(id);
    if (shown) shown.reply = reply;
    else {
      shown = { reply, item: html("li", { class: "reply" }), scale: scaleOf([]) };
      this.replies.set(id, shown);
      this.list.prepend(shown.item);
      this.forgetOldest();
    }
    const compared = [...this.replies.values()].slice(-COMPARED);
    const scale = scaleOf(compared.map((each) => each.reply));
    for (const each of compared) {
      const isOff = each.scale.from !== scale.from || each.scale.to !== scale.to;
      each.scale = scale;
      if (isOff) this.draw(each);
    }
    this.draw(shown);
  }

  private forgetOldest(): void {
    const [oldest] = this.replies;
    if (this.replies.size <= SHOWN || !oldest) return;
    oldest[1].item.remove();
    this.replies.delete(oldest[0]);
  }

  private draw({ reply, item, scale }: Shown): void {
    const drawing = draw(reply, scale, Math.max(this.width, NARROWEST));
    drawing.setAttribute("aria-label", inWords(reply));
    item.replaceChildren(heading(reply), drawing);
  }
}

const ASKED: Record<Handover, string> = { beside: "asked at once", prefix: "one after the other" };

function heading(reply: Reply): HTMLElement {
  return html(
    "div",
    { class: "reply-heading" },
    html("h3", {}, answersTurn(reply) ? `Reply ${reply.reply}` : "Bot spoke first"),
    html("span", { class: "reply-mode" }, reply.mode, reply.handover && `, ${ASKED[reply.handover]}`),
    ...tagsOf(reply).map((tag) => html("span", { class: "tag" }, tag)),
    html("span", { class: "reply-heard" }, ...waitsOf(reply)),
  );
}

/** How long it took until the bot was heard, and until its answer was. */
function waitsOf(reply: Reply): (Node | string)[] {
  const [heard, answer] = [firstHeard(reply), answerHeard(reply)];
  if (heard === null) return [];
  const after = (what: string, secs: number) => [`${what} after `, html("strong", {}, shortly(secs))];
  if (!answersTurn(reply)) return after("began", heard);
  if (answer === heard) return after("answer", answer);
  return [...after("first sound", heard), ...(answer === null ? [] : [", ", ...after("answer", answer)])];
}

function tagsOf(reply: Reply): string[] {
  const tags = [];
  if (reply.interrupted) tags.push("interrupted");
  if (reply.done && reply.mode === "two models" && !reply.opening)
    tags.push(reply.declined ? "no opening needed" : "no opening");
  if (reply.rescued) tags.push("small model stood in");
  if (reply.done && firstHeard(reply) === null) tags.push("not heard");
  return tags;
}

/** The timeline of a reply as a sentence or two, for those who do not see it. */
export function inWords(reply: Reply): string {
  const { times, waitingLines } = reply;
  const whose = reply.rescued ? "stand-in" : "answer";
  const steps: [string, number | null][] = [
    ["end of turn noticed", times.turn_ended],
    ["opening's text", times.opening_text],
    ["opening heard", times.opening_heard],
    ["opening over", times.opening_over],
    ...waitingLines.flatMap((line): [string, number | null][] => [
      ["waiting line's text", line.left],
      ["waiting line heard", line.heard],
      ["waiting line over", line.over],
    ]),
    [`${whose}'s text`, times.continuation_text],
    [`${whose} heard`, times.continuation_heard],
    [reply.interrupted ? "interrupted" : reply.done ? "reply over" : "speaking until", times.over],
  ];
  const told = steps
    .filter((step): step is [string, number] => step[1] !== null)
    .sort((a, b) => a[1] - b[1])
    .map(([what, at]) => `${what} at ${spoken(at)}`);
  const since = answersTurn(reply) ? "you stopped speaking" : "the bot began";
  const [gap, alone] = [longestGap(reply), aloneHeard(reply)];
  const more = [
    gap && ` Longest gap: ${spoken(gap.to - gap.from)}.`,
    alone !== null && ` The large model alone would have been heard at ${spoken(alone)}, by estimate.`,
  ];
  return [`Timeline, from when ${since}: ${told.join(", ") || "nothing yet"}.`, ...more]
    .filter((sentence) => typeof sentence === "string")
    .join("");
}
