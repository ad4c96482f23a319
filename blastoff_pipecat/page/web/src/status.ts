import type { CallState } from "./call.ts";
import type { Activity } from "./conversation.ts";

/** What the page says of itself at a moment. */
export type Status = {
  /** For the looks: one word. */
  name: string;
  title: string;
  hint: string;
  /** The label of the one big button. */
  button: string;
  /** Whether a change to this is announced: the turns of a conversation are heard anyway. */
  announced: boolean;
};

const ACTIVITY: Record<Activity, [title: string, hint: string]> = {
  listening: ["Listening", "Say something. You can interrupt the bot at any time."],
  hearing: ["You are speaking", "The bot answers when you pause."],
  thinking: ["One moment", "The bot is about to speak."],
  speaking: ["The bot is speaking", "You can interrupt it at any time."],
};

export function statusOf(call: CallState, activity: Activity, muted: boolean): Status {
  switch (call.at) {
    case "idle":
      return status("idle", "Not connected", "The bot listens once you connect.", "Connect");
    case "asking":
      return status("asking", "Asking for the microphone", "Your browser may ask you to allow it.", "Cancel");
    case "connecting":
      return status(
        "connecting",
        "Connecting",
        "Calling the bot. It may have models to load.",
        "Cancel",
      );
    case "reconnecting":
      return status(
        "reconnecting",
        "Connection lost",
        "The bot is gone. Trying to reach it again.",
        "Stop trying",
      );
    case "failed":
      return status("failed", call.trouble.what, call.trouble.todo, "Connect");
    case "talking": {
      const [title, hint] = ACTIVITY[activity];
      if (muted && activity !== "speaking")
        return status("muted", "Muted", "The bot does not hear you.", "Disconnect");
      return { ...status(activity, title, hint, "Disconnect"), announced: false };
    }
  }
}

function status(name: string, title: string, hint: string, button: string): Status {
  return { name, title, hint, button, announced: true };
}
