/** How long a reply's own message may come after its text is spoken, in milliseconds. */
const LATE_MS = 400;
/** How many of the last replies a text may belong to. */
const REPLIES = 4;

/**
 * What the bot says outside of any reply: a greeting that was written beforehand, for instance.
 *
 * RTVI reports all that is spoken, the replies' sentences too, and does not say which is which. What
 * no reply contains is an aside.
 */
export class Asides {
  private readonly replies = new Map<string, string>();
  private readonly segments = new Set<number>();

  /** @param onAside Called with each aside, shortly after it began to be spoken. */
  constructor(private readonly onAside: (text: string) => void) {}

  /** Learn what a reply says. */
  learnReply(id: string, text: string): void {
    this.replies.set(id, lettersOf(text));
    const [oldest] = this.replies.keys();
    if (this.replies.size > REPLIES && oldest !== undefined) this.replies.delete(oldest);
  }

  /** Take in what is spoken; RTVI tells of a segment more than once. */
  hear(text: string, segment: number | undefined): void {
    if (segment !== undefined) {
      if (this.segments.has(segment)) return;
      this.segments.add(segment);
    }
    const letters = lettersOf(text);
    if (!letters) return;
    setTimeout(() => {
      if (![...this.replies.values()].some((reply) => reply.includes(letters))) this.onAside(text);
    }, LATE_MS);
  }

  /** Another bot is on the line: it counts its segments anew. */
  newSession(): void {
    this.segments.clear();
  }
}

/** A voice may be given its text without marks and spaces that the model wrote. */
function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}
