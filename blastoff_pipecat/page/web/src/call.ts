import { Line, type Ending } from "./line.ts";
import type { Message } from "./message.ts";
import { TROUBLE, troubleOf, type Trouble } from "./trouble.ts";

/** Where a call is. */
export type CallState =
  | { at: "idle" }
  | { at: "asking" }
  | { at: "connecting" }
  | { at: "talking" }
  /** The bot was lost; it is being called again. */
  | { at: "reconnecting" }
  | { at: "failed"; trouble: Trouble };

export type CallEvents = {
  onState(state: CallState): void;
  /** A bot is being called that remembers nothing of what was said before. */
  onDial(): void;
  /** It is on the line; `again` where it takes the place of one that was lost. */
  onBot(again: boolean): void;
  onVoice(track: MediaStreamTrack): void;
  onMessage(message: Message): void;
};

/** Pauses between the attempts to reach a lost bot, in milliseconds: it may be starting anew. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000];

/** The call as the user knows it: one button connects and disconnects; a lost bot is called again. */
export class Call {
  state: CallState = { at: "idle" };
  muted = false;
  private line: Line | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly events: CallEvents) {}

  get open(): boolean {
    return this.state.at === "talking";
  }

  async connect(): Promise<void> {
    const unable = unableToCall();
    if (unable) return this.go({ at: "failed", trouble: unable });
    this.muted = false;
    this.go({ at: "asking" });
    try {
      await this.dial(() => this.go({ at: "connecting" }));
    } catch (error) {
      this.fail(troubleOf(error));
    }
  }

  /** Hang up, or stop trying. */
  disconnect(): void {
    this.hangUp();
    this.go({ at: "idle" });
  }

  mute(muted: boolean): void {
    this.muted = muted;
    this.line?.mute(muted);
  }

  /** Send a message to the bot; false where there is none on the line. */
  send(type: string, data: unknown): boolean {
    if (!this.open || !this.line) return false;
    this.line.send(type, data);
    return true;
  }

  /** Open a line; does nothing more once another one, or none, is wanted. */
  private async dial(onCalling: () => void): Promise<void> {
    const again = this.state.at === "reconnecting";
    const line: Line = new Line(this.muted, {
      onCalling: () => this.line === line && onCalling(),
      onVoice: (track) => this.line === line && this.events.onVoice(track),
      onMessage: (message) => this.line === line && this.events.onMessage(message),
      onOver: (ending) => this.line === line && this.over(ending),
    });
    this.line = line;
    this.events.onDial();
    try {
      await line.open();
    } catch (error) {
      if (this.line !== line) return;
      throw error;
    }
    if (this.line !== line) return;
    this.go({ at: "talking" });
    this.events.onBot(again);
  }

  private over(ending: Ending): void {
    if (ending) return this.fail(ending);
    this.go({ at: "reconnecting" });
    this.tryAgain(0);
  }

  private tryAgain(attempt: number): void {
    const pause = PAUSES_MS[attempt];
    if (pause === undefined) return this.fail(TROUBLE.unreachable);
    this.retry = setTimeout(() => {
      this.dial(() => {}).catch((error: unknown) => {
        const trouble = troubleOf(error);
        // A bot that is not there may still come back; a microphone that is gone will not.
        if (trouble === TROUBLE.unreachable) this.tryAgain(attempt + 1);
        else this.fail(trouble);
      });
    }, pause);
  }

  private fail(trouble: Trouble): void {
    this.hangUp();
    this.go({ at: "failed", trouble });
  }

  private hangUp(): void {
    clearTimeout(this.retry);
    this.line?.close();
    this.line = null;
  }

  private go(state: CallState): void {
    this.state = state;
    this.events.onState(state);
  }
}

/** Why no call can be made from here, if so. */
export function unableToCall(): Trouble | null {
  // Typed as always there; on plain HTTP from another computer it is not.
  if (!(navigator as { mediaDevices?: MediaDevices }).mediaDevices) return TROUBLE.insecure;
  if (typeof RTCPeerConnection === "undefined") return TROUBLE.unsupported;
  return null;
}
