import type { Message } from "./message.ts";
import { readReply, type Reply } from "./timeline-message.ts";

/** One turn of the transcript. */
export type Entry =
  | { kind: "user"; id: string; text: string; interim: string }
  | { kind: "bot"; id: string; reply: Reply }
  | { kind: "note"; id: string; text: string };

/** What is going on in a call that is up. */
export type Activity = "listening" | "hearing" | "thinking" | "speaking";

/** What was said, and what is going on: the page's whole knowledge of the conversation. */
export class Conversation {
  activity: Activity = "listening";
  private readonly known = new Set<string>();
  private last: Entry | null = null;
  private lastUser: (Entry & { kind: "user" }) | null = null;
  private session = 0;
  private count = 0;

  /**
   * Take a message in.
   *
   * @returns The entry that it changed or added, if any.
   */
  hear(message: Message): Entry | null {
    switch (message.type) {
      case "user-transcription":
        return this.hearUser(message.data.text, message.data.final);
      case "user-started-speaking":
        this.activity = "hearing";
        return null;
      case "user-stopped-speaking":
        this.activity = "thinking";
        return null;
      case "bot-started-speaking":
        this.activity = "speaking";
        return null;
      case "bot-stopped-speaking":
        this.activity = "listening";
        return null;
      case "error":
        return this.note(`The bot reports an error: ${message.data.error}`);
      case "server-message":
        return this.hearReply(message.data);
    }
  }

  /** Another bot is on the line: it counts its replies from the start. */
  newSession(): void {
    this.session += 1;
    this.activity = "listening";
  }

  /** Add a remark that nobody said. */
  note(text: string): Entry {
    return this.put({ kind: "note", id: this.newId(), text });
  }

  /** What follows before the bot says something is still the same turn of the user's. */
  private hearUser(text: string, final: boolean): Entry {
    const unfinished = this.lastUser?.interim ? this.lastUser : null;
    const open = unfinished ?? (this.last?.kind === "user" ? this.last : null);
    const before = open?.text ?? "";
    this.lastUser = {
      kind: "user",
      id: open?.id ?? this.newId(),
      text: final ? join(before, text) : before,
      interim: final ? "" : text.trim(),
    };
    return this.put(this.lastUser);
  }

  private hearReply(data: unknown): Entry | null {
    const reply = readReply(data);
    if (!reply) return null;
    if (reply.done && this.activity === "thinking") this.activity = "listening";
    return this.put({ kind: "bot", id: `reply-${this.session}-${reply.reply}`, reply });
  }

  private put<E extends Entry>(entry: E): E {
    if (!this.known.has(entry.id) || this.last?.id === entry.id) this.last = entry;
    this.known.add(entry.id);
    return entry;
  }

  private newId(): string {
    this.count += 1;
    return `entry-${this.count}`;
  }
}

function join(before: string, text: string): string {
  return [before, text.trim()].filter(Boolean).join(" ");
}
