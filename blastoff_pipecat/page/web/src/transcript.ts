import type { Entry } from "./conversation.ts";
import { html } from "./element.ts";
import type { Reply } from "./timeline-message.ts";

/** How near to its end a reader may be and still be following it, in pixels. */
const FOLLOWING_PX = 48;

/** The transcript: who said what, and of a reply which model said which part. */
export class Transcript {
  private readonly items = new Map<string, HTMLLIElement>();

  /**
   * @param list Where the turns go.
   * @param frame What scrolls.
   */
  constructor(
    private readonly list: HTMLElement,
    private readonly frame: HTMLElement,
  ) {}

  /** Show an entry, new or changed. */
  show(entry: Entry): void {
    const following =
      this.frame.scrollHeight - this.frame.scrollTop - this.frame.clientHeight < FOLLOWING_PX;
    this.itemOf(entry).replaceChildren(...contentOf(entry));
    if (following) this.frame.scrollTop = this.frame.scrollHeight;
  }

  private itemOf(entry: Entry): HTMLLIElement {
    let item = this.items.get(entry.id);
    if (!item) {
      item = html("li", { class: `turn turn-${entry.kind}` });
      this.items.set(entry.id, item);
      this.list.append(item);
    }
    return item;
  }
}

function contentOf(entry: Entry): Node[] {
  switch (entry.kind) {
    case "note":
      return [html("p", {}, entry.text)];
    case "user":
      return [
        speaker("You"),
        html(
          "p",
          {},
          entry.text,
          entry.interim
            ? html("span", { class: "interim" }, `${entry.text ? " " : ""}${entry.interim}`)
            : null,
        ),
      ];
    case "aside":
      return [speaker("Bot"), html("p", {}, entry.text)];
    case "reply":
      return [speaker("Bot"), html("p", {}, ...partsOf(entry.reply))];
  }
}

function speaker(name: string): HTMLElement {
  return html("span", { class: "speaker" }, name);
}

function partsOf(reply: Reply): (Node | string)[] {
  const words: (Node | string)[] = [];
  if (reply.opening) words.push(part("opening", "opening", reply.opening));
  for (const line of reply.waitingLines) words.push(part("waiting", "waiting line", line.words));
  if (reply.continuation)
    words.push(
      reply.rescued
        ? part("opening", "stand-in", reply.continuation)
        : part("continuation", "answer", reply.continuation),
    );
  if (!words.length)
    words.push(html("span", { class: "wordless" }, reply.done ? "(nothing was said)" : "…"));
  if (reply.interrupted) words.push(" ", html("span", { class: "tag" }, "interrupted"));
  return words;
}

function part(kind: "opening" | "waiting" | "continuation", name: string, text: string): HTMLElement {
  return html(
    "span",
    { class: kind },
    html("span", { class: "sr-only" }, `${name}: `),
    html("span", { class: "words" }, text),
  );
}
