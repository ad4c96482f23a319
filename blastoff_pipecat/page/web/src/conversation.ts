import { Asides } from "./asides.ts";
import type { Message } from "./message.ts";
import { readReply, wordsOf, type Reply } from "./timeline-message.ts";

/** One turn of the transcript. */
export type Entry =
  | { kind: "user"; id: string; text: string; interim: string }
  | { kind: "reply"; id: string; reply: Reply }
  /** What the bot said outside of any reply. */
  | { kind: "aside"; id: string; text: string }
  | { kind: "note"; id: string; text: string };

/** What is going on in a call that is up. */
export type Activity = "listening" | "hearing" | "thinking" | "speaking";

/** What was said, and what is going on. */
export class Conversation {
  activity: Activity = "listening";
  private botSounds = false;
  /** The reply that is not over yet: a silence in it is a pause of the bot's, not the user's turn. */
  private going: string | null = null;
  private readonly known = new Set<string>();
  private last: Entry | null = null;
  private lastUser: (Entry & { kind: "user" }) | null = null;
  private session = 0;
  private count = 0;
  private readonly asides = new Asides((text) =>
    this.put({ kind: "aside", id: this.newId(), text }),
  );

  /** @param onEntry Called with each entry that is new or has changed. */
  constructor(private readonly onEntry: (entry: Entry) => void) {}

  /** Take a message in. */
  hear(message: Message): void {
    switch (message.type) {
      case "user-transcription":
        return this.hearUser(message.data.text, message.data.final);
      case "bot-output":
        return this.asides.hear(message.data.text, message.data.segment_id);
      case "user-started-speaking":
        this.activity = "hearing";
        return;
      case "user-stopped-speaking":
        this.activity = "thinking";
        return;
      case "bot-started-speaking":
        this.botSounds = true;
        this.activity = "speaking";
        return;
      case "bot-stopped-speaking":
        this.botSounds = false;
        if (this.activity === "speaking" && this.going === null) this.activity = "listening";
        return;
      case "error":
        return this.note(`The bot reports an error: ${message.data.error}`);
      case "server-message":
        return this.hearReply(message.data);
    }
  }

  /** Another bot is on the line: it counts its replies from the start. */
  newSession(): void {
    this.session += 1;
    this.asides.newSession();
    this.activity = "listening";
    this.botSounds = false;
    this.going = null;
  }

  /** Whether the bot is to be heard next; it may turn out that it has nothing to say. */
  get awaitsBot(): boolean {
    return this.activity === "thinking" || (this.activity === "speaking" && !this.botSounds);
  }

  /** Expect the bot no more. */
  expectNothing(): void {
    this.going = null;
    if (this.awaitsBot) this.activity = "listening";
  }

  /** Add a remark that nobody said. */
  note(text: string): void {
    this.put({ kind: "note", id: this.newId(), text });
  }

  /** What follows before the bot says something is still the same turn of the user's. */
  private hearUser(text: string, final: boolean): void {
    const unfinished = this.lastUser?.interim ? this.lastUser : null;
    const open = unfinished ?? (this.last?.kind === "user" ? this.last : null);
    const before = open?.text ?? "";
    this.lastUser = {
      kind: "user",
      id: open?.id ?? this.newId(),
      text: final ? join(before, text) : before,
      interim: final ? "" : text.trim(),
    };
    this.put(this.lastUser);
  }

  private hearReply(data: unknown): void {
    const reply = readReply(data);
    if (!reply) return;
    const id = `reply-${this.session}-${reply.reply}`;
    if (!reply.done) this.going = id;
    else if (this.going === id) this.expectNothing();
    this.asides.learnReply(id, wordsOf(reply));
    this.put({ kind: "reply", id, reply });
  }

  private put(entry: Entry): void {
    if (!this.known.has(entry.id) || this.last?.id === entry.id) this.last = entry;
    this.known.add(entry.id);
    this.onEntry(entry);
  }

  private newId(): string {
    this.count += 1;
    return `entry-${this.count}`;
  }
}

function join(before: string, text: string): string {
  return [before, text.trim()].filter(Boolean).join(" ");
}
