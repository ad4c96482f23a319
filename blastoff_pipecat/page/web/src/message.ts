/** What the bot tells the page while they talk: RTVI messages, by RTVI's own names. */
export type Message =
  | { type: "user-transcription"; data: { text: string; final: boolean } }
  | { type: "user-started-speaking"; data?: unknown }
  | { type: "user-stopped-speaking"; data?: unknown }
  | { type: "bot-started-speaking"; data?: unknown }
  | { type: "bot-stopped-speaking"; data?: unknown }
  /** What is spoken, in a reply or outside of any. */
  | { type: "bot-output"; data: { text: string; segment_id?: number } }
  | { type: "error"; data: { error: string } }
  /** What this bot alone says: replies (`timeline-message.ts`) and who answers (`switch.ts`). */
  | { type: "server-message"; data: unknown };
