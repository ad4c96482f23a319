/** What can go wrong, told as what happened and what to do about it. */

export type Trouble = { readonly what: string; readonly todo: string };

export const TROUBLE = {
  insecure: {
    what: "The browser keeps the microphone from this page, because it was opened over plain HTTP from another computer.",
    todo: "Open it at localhost, on the computer that runs the bot, or serve it over HTTPS.",
  },
  unsupported: {
    what: "This browser has no WebRTC.",
    todo: "Use a current Chrome, Edge, Firefox or Safari.",
  },
  refused: {
    what: "The microphone was refused.",
    todo: "Allow it for this page, in the browser's address bar or the system's settings, then connect again.",
  },
  missing: {
    what: "No microphone was found.",
    todo: "Plug one in, then connect again.",
  },
  busy: {
    what: "The microphone could not be opened.",
    todo: "Close other programs that may be using it, then connect again.",
  },
  unplugged: {
    what: "The microphone was unplugged.",
    todo: "Plug it in again or choose another one, then connect again.",
  },
  unreachable: {
    what: "The bot cannot be reached.",
    todo: "See whether it is still running, start it if not, then connect again.",
  },
  noMedia: {
    what: "The bot answered, but no sound gets through to it.",
    todo: "A firewall or VPN may be in the way. Try on the computer that runs the bot.",
  },
  notReady: {
    what: "The bot took the call but did not get ready.",
    todo: "Its log says why. Then connect again.",
  },
  ended: {
    what: "The bot ended the call.",
    todo: "Connect to talk again.",
  },
} satisfies Record<string, Trouble>;

/** Thrown where a call cannot go on, or never began. */
export class CallTrouble extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.what);
  }
}

/** The trouble that an error stands for. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof CallTrouble) return error.trouble;
  if (error instanceof DOMException) return MICROPHONE_TROUBLE[error.name] ?? TROUBLE.busy;
  // The transport's error for an offer that the server answered with an HTTP error.
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" ? callRefused(status) : TROUBLE.unreachable;
}

/** What the browser's refusals to open a microphone mean, by their names. */
const MICROPHONE_TROUBLE: Record<string, Trouble> = {
  NotAllowedError: TROUBLE.refused,
  SecurityError: TROUBLE.refused,
  NotFoundError: TROUBLE.missing,
  OverconstrainedError: TROUBLE.missing,
};

/** The server answered, but took no call. */
export function callRefused(status: number, why = ""): Trouble {
  return {
    what: `The bot refused the call (HTTP ${status}).${why ? ` ${why}` : ""}`,
    todo: "Its log may say more.",
  };
}

/** What the bot itself reports. */
export function reported(error: string): Trouble {
  return { what: `The bot reports an error: ${error}`, todo: "Its log may say more." };
}
