import { isRecord } from "./record.ts";
import type { Mode } from "./timeline-message.ts";

/** How long the bot may take to confirm, in milliseconds. */
const CONFIRM_MS = 5_000;

/** The setting `opening` of the bot's LLM service that makes each mode. */
const OPENING: Record<Mode, string> = { "two models": "auto", "large alone": "never" };

export type SwitchEvents = {
  /** Tell the bot; false where there is none on the line. */
  send(type: string, data: unknown): boolean;
  /** The bot has not confirmed. */
  onRefused(): void;
};

/** Who answers: a radio group, kept in step with the bot. */
export class ModeSwitch {
  private wanted: Mode = "two models";
  /** What the bot does, as far as is known. */
  private actual: Mode = "two models";
  private online = false;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly group: HTMLElement,
    private readonly events: SwitchEvents,
  ) {
    group.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement) this.want(target.value as Mode);
    });
  }

  /** A bot is on the line: it is told what was chosen before. */
  newBot(): void {
    this.online = true;
    if (this.wanted !== this.actual) this.want(this.wanted);
  }

  /** Nobody is on the line any more: the choice is kept; the next bot starts with two models. */
  noBot(): void {
    this.online = false;
    this.actual = "two models";
    this.settle();
  }

  /** Take in a server message, if it is about this. */
  hear(data: unknown): void {
    if (!isRecord(data) || data["type"] !== "blastoff-mode") return;
    this.actual = data["opening"] === "never" ? "large alone" : "two models";
    if (!this.online) return;
    if (this.waiting !== undefined && this.actual !== this.wanted) return; // said before it heard us
    this.settle();
    this.wanted = this.actual;
    this.check(this.actual);
  }

  private want(mode: Mode): void {
    this.wanted = mode;
    this.settle();
    this.check(mode);
    if (!this.events.send("blastoff-opening", { opening: OPENING[mode] })) return;
    this.group.setAttribute("aria-busy", "true");
    this.waiting = setTimeout(() => {
      this.settle();
      this.wanted = this.actual;
      this.check(this.actual);
      this.events.onRefused();
    }, CONFIRM_MS);
  }

  private settle(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.group.removeAttribute("aria-busy");
  }

  private check(mode: Mode): void {
    for (const radio of this.group.querySelectorAll<HTMLInputElement>("input[type=radio]"))
      radio.checked = radio.value === mode;
  }
}
