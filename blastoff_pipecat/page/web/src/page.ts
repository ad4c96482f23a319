/** The page: a call to the bot, what is said in it, and when. */

import { Call, unableToCall } from "./call.ts";
import { Conversation } from "./conversation.ts";
import { byId, write } from "./element.ts";
import type { Message } from "./message.ts";
import { Statistics } from "./statistics.ts";
import { statusOf } from "./status.ts";
import { ModeSwitch } from "./switch.ts";
import { Timelines } from "./timeline.ts";
import { Transcript } from "./transcript.ts";

/** How long the bot may keep silent in its turn before the page says again that it listens. */
const PATIENCE_MS = 15_000;

const conversation = new Conversation((entry) => {
  transcript.show(entry);
  if (entry.kind !== "reply") return;
  timelines.show(entry.id, entry.reply);
  statistics.take(entry.id, entry.reply);
});
const transcript = new Transcript(byId("turns"), byId("transcript"));
const timelines = new Timelines(byId("replies"));
const statistics = new Statistics();
const connect = byId<HTMLButtonElement>("connect");
const mute = byId<HTMLButtonElement>("mute");
const voice = byId<HTMLAudioElement>("voice");

const call = new Call({
  onState(state) {
    if (state.at !== "talking") modes.noBot();
    show();
  },
  onDial() {
    conversation.newSession();
  },
  onBot(again) {
    if (again) conversation.note("Connected again. The bot starts afresh.");
    modes.newBot();
    announce("Connected. The bot listens.");
    show();
  },
  onVoice(track) {
    voice.srcObject = new MediaStream([track]);
    voice.play().catch(() => {
      voice.hidden = false; // the browser lets no page be heard unasked: its own controls ask
      announce("Press play to hear the bot.");
    });
  },
  onMessage: hear,
});

const modes = new ModeSwitch(byId("modes"), {
  send: (type, data) => call.send(type, data),
  onRefused: () => announce("The bot did not change who answers."),
});

/** Take in what the bot tells, and show it. */
export function hear(message: Message): void {
  if (message.type === "server-message") modes.hear(message.data);
  conversation.hear(message);
  show();
}

let waiting: ReturnType<typeof setTimeout> | undefined;

function show(): void {
  clearTimeout(waiting);
  if (conversation.awaitsBot) {
    waiting = setTimeout(() => {
      conversation.expectNothing();
      show();
    }, PATIENCE_MS);
  }
  const status = statusOf(call.state, conversation.activity, call.muted);
  document.body.dataset["status"] = status.name;
  write("title", status.title);
  write("hint", status.hint);
  write("connect", status.button);
  write("mute", call.muted ? "Unmute" : "Mute");
  mute.disabled = !call.open;
  if (status.announced) announce(`${status.title.replace(/\.?$/, ".")} ${status.hint}`);
}

/** Have screen readers say something, once. */
function announce(text: string): void {
  write("announcement", text);
}

connect.addEventListener("click", () => {
  if (call.state.at === "idle" || call.state.at === "failed") void call.connect();
  else call.disconnect();
});

mute.addEventListener("click", () => {
  call.mute(!call.muted);
  announce(call.muted ? "Muted." : "The bot hears you again.");
  show();
});

// A page that is left hangs up, and is not connected when it is come back to.
addEventListener("pagehide", () => call.disconnect());

const unable = unableToCall();
if (unable) call.state = { at: "failed", trouble: unable };
show();
