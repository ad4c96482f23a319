import { byId, write } from "./element.ts";
import { shortly, signed } from "./seconds.ts";
import {
  answerHeard,
  answersTurn,
  firstHeard,
  longestGap,
  MODES,
  type Mode,
  type Reply,
} from "./timeline-message.ts";

/** Statistics of one duration over `n` replies, in seconds. */
export type Figures = { n: number; p50: number; p95: number };

/** How many of the last replies count. */
const WINDOW = 200;

/** Nearest-rank percentiles, as the package's `LatencySummary` has them; null without values. */
export function figuresOf(values: number[]): Figures | null {
  const ordered = [...values].sort((a, b) => a - b);
  const rank = (share: number) => ordered[Math.ceil(share * ordered.length) - 1];
  const [p50, p95] = [rank(0.5), rank(0.95)];
  return p50 === undefined || p95 === undefined ? null : { n: ordered.length, p50, p95 };
}

/** The rows of the page's table: a duration of a reply each. */
const ROWS: Record<string, (reply: Reply) => number | null> = {
  heard: firstHeard,
  answer: answerHeard,
  gap: (reply) => {
    const gap = longestGap(reply);
    return gap && gap.to - gap.from;
  },
  late: (reply) => (reply.mode === "two models" ? reply.lateness : null),
};

/** How long a user waits, over the replies of each mode: the table of the page. */
export class Statistics {
  private readonly replies = new Map<string, Reply>();

  /** Count a reply, or what is now known of it. A greeting has kept nobody waiting: it is left out. */
  take(id: string, reply: Reply): void {
    if (!answersTurn(reply)) return;
    this.replies.set(id, reply);
    const [oldest] = this.replies.keys();
    if (this.replies.size > WINDOW && oldest !== undefined) this.replies.delete(oldest);
    this.draw();
  }

  private draw(): void {
    for (const [row, duration] of Object.entries(ROWS))
      for (const mode of MODES)
        show(`${row}-${mode.replace(" ", "-")}`, this.of(mode, duration), row === "late" ? signed : shortly);
    const sooner = (duration: (reply: Reply) => number | null) => {
      const [both, alone] = MODES.map((mode) => this.of(mode, duration));
      return both && alone ? alone.p50 - both.p50 : null;
    };
    write("difference", difference(sooner(firstHeard), sooner(answerHeard)));
  }

  private of(mode: Mode, duration: (reply: Reply) => number | null): Figures | null {
    const replies = [...this.replies.values()].filter((reply) => reply.mode === mode);
    return figuresOf(replies.map(duration).filter((secs) => secs !== null));
  }
}

function show(cell: string, figures: Figures | null, written: (secs: number) => string): void {
  write(`${cell}-p50`, figures ? written(figures.p50) : "–");
  write(`${cell}-p95`, figures ? written(figures.p95) : "–");
  write(`${cell}-n`, String(figures?.n ?? 0));
  byId(`${cell}-n`).closest("small")?.toggleAttribute("hidden", !figures);
}

/** @param first How much sooner the bot is heard. @param answer How much sooner its answer. */
function difference(first: number | null, answer: number | null): string {
  if (first === null) return "";
  const how = (sooner: number) => `${shortly(Math.abs(sooner))} ${sooner < 0 ? "later" : "sooner"}`;
  const also = answer === null ? "" : `, its answer ${how(answer)}`;
  return `With two models the bot is heard ${how(first)}${also} (p50)`;
}
