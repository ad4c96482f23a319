import { write } from "./element.ts";
import { shortly } from "./seconds.ts";
import { answersTurn, firstHeard, MODES, type Mode, type Reply } from "./timeline-message.ts";

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

/** How long a user waits, and the gap, over the replies of each mode: the table of the page. */
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
    const heard = this.of(firstHeard);
    const gap = this.of((reply) => reply.gap);
    for (const mode of MODES) {
      const column = mode.replace(" ", "-");
      show(`heard-${column}`, heard[mode]);
      show(`gap-${column}`, gap[mode]);
    }
    write("difference", difference(heard["two models"], heard["large alone"]));
  }

  private of(duration: (reply: Reply) => number | null): Record<Mode, Figures | null> {
    const values = (mode: Mode) =>
      [...this.replies.values()]
        .filter((reply) => reply.mode === mode)
        .map(duration)
        .filter((secs) => secs !== null);
    return {
      "two models": figuresOf(values("two models")),
      "large alone": figuresOf(values("large alone")),
    };
  }
}

function show(cell: string, figures: Figures | null): void {
  write(`${cell}-p50`, figures ? shortly(figures.p50) : "–");
  write(`${cell}-p95`, figures ? shortly(figures.p95) : "–");
  write(`${cell}-n`, String(figures?.n ?? 0));
}

function difference(both: Figures | null, alone: Figures | null): string {
  if (!both || !alone) return "";
  const sooner = alone.p50 - both.p50;
  const how = sooner < 0 ? "later" : "sooner";
  return `With two models the bot is heard ${shortly(Math.abs(sooner))} ${how} (p50)`;
}
