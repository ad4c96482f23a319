import { logger, LogLevel, PipecatClient, type RTVIEventCallbacks } from "@pipecat-ai/client-js";
import { SmallWebRTCTransport } from "@pipecat-ai/small-webrtc-transport";

import type { Message } from "./message.ts";
import { Microphone } from "./microphone.ts";
import { isRecord } from "./record.ts";
import { CallTrouble, callRefused, reported, TROUBLE, type Trouble } from "./trouble.ts";

logger.setLevel(LogLevel.WARN);

/** How long sound may take to get through, and the bot to get ready (milliseconds). */
const MEDIA_MS = 30_000;
const READY_MS = 90_000;
/** How long a connection may be without a sign of the other side before it counts as lost. */
const SILENCE_MS = 3_000;

/** Why a line is over: a trouble to tell, or null where the bot is gone without a word. */
export type Ending = Trouble | null;

export type LineEvents = {
  /** The microphone is open; the bot is being called. */
  onCalling(): void;
  /** The bot's voice. */
  onVoice(track: MediaStreamTrack): void;
  onMessage(message: Message): void;
  /** The line is over, once it was open; not called for `close`. */
  onOver(ending: Ending): void;
};

/** One connection to the bot, from the microphone to the bot's goodbye. */
export class Line {
  private readonly microphone: Microphone;
  private readonly transport: SmallWebRTCTransport;
  private readonly client: PipecatClient;
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private giveUp: (trouble: CallTrouble) => void = () => {};
  private state: "closed" | "opening" | "open" = "closed";

  constructor(
    muted: boolean,
    private readonly events: LineEvents,
  ) {
    this.microphone = new Microphone(() => this.end(TROUBLE.unplugged));
    this.transport = new SmallWebRTCTransport({
      mediaManager: this.microphone.asMediaManager(),
      iceServers: [], // the runner names them, if it was started with any
    });
    this.client = new PipecatClient({
      transport: this.transport,
      enableMic: !muted,
      disconnectOnBotDisconnect: false,
      callbacks: this.callbacks(),
    });
  }

  /**
   * Open the microphone, call the bot and wait until it is ready.
   *
   * @throws CallTrouble, or what `getUserMedia` and the transport throw: see `troubleOf`.
   */
  async open(): Promise<void> {
    this.state = "opening";
    const broken = new Promise<never>((_, reject) => (this.giveUp = reject));
    try {
      await Promise.race([this.dial(), broken]);
      this.state = "open";
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.giveUp = () => {};
    }
  }

  /** Hang up, at any time; nothing is heard of this line any more. */
  close(): void {
    this.state = "closed";
    this.giveUp(new CallTrouble(TROUBLE.ended));
    this.timers.forEach(clearTimeout);
    this.timers.clear();
    this.microphone.release();
    void this.client.disconnect();
  }

  mute(muted: boolean): void {
    this.client.enableMic(!muted);
  }

  /** Send a message of the page's own to the bot. */
  send(type: string, data: unknown): void {
    this.client.sendClientMessage(type, data);
  }

  private get hungUp(): boolean {
    return this.state === "closed";
  }

  private async dial(): Promise<void> {
    await this.client.initDevices();
    if (this.hungUp) return;
    this.events.onCalling();
    const session = await startSession();
    if (this.hungUp) return;
    const noMedia = this.after(MEDIA_MS, () => this.end(TROUBLE.noMedia));
    this.client.once("connected", () => {
      this.cancel(noMedia);
      this.after(READY_MS, () => this.state === "opening" && this.end(TROUBLE.notReady));
      this.watchPeer();
    });
    await this.client.connect({
      webrtcRequestParams: { endpoint: `/sessions/${session.id}/api/offer` },
      ...(session.iceConfig ? { iceConfig: session.iceConfig } : {}),
    });
  }

  private callbacks(): RTVIEventCallbacks {
    const tell = (type: Message["type"]) => (data?: unknown) =>
      !this.hungUp && this.events.onMessage({ type, data } as Message);
    return {
      onUserTranscript: tell("user-transcription"),
      onUserStartedSpeaking: tell("user-started-speaking"),
      onUserStoppedSpeaking: tell("user-stopped-speaking"),
      onBotStartedSpeaking: tell("bot-started-speaking"),
      onBotStoppedSpeaking: tell("bot-stopped-speaking"),
      onBotOutput: tell("bot-output"),
      onServerMessage: tell("server-message"),
      onError: ({ data }) => {
        const told = isRecord(data) ? data : {};
        const error = String(told["error"] ?? told["message"] ?? "it does not say which");
        tell("error")({ error });
        if (told["fatal"]) this.end(reported(error));
      },
      onTrackStarted: (track, participant) => {
        if (track.kind === "audio" && !participant?.local) this.events.onVoice(track);
      },
      onBotDisconnected: () => this.end(TROUBLE.ended),
      onDisconnected: () => this.state === "open" && this.end(null),
    };
  }

  /**
   * Notice a bot that is gone without a goodbye.
   *
   * The transport would call it again by itself, which leaves both sides deaf: it stops the
   * microphone together with the old connection, and never tells a new bot that it is ready. So the
   * line ends before that, and the call dials anew. The transport keeps its connection to itself,
   * hence the cast.
   */
  private watchPeer(): void {
    const { pc } = this.transport as unknown as { pc: RTCPeerConnection | null };
    if (!pc) return;
    let silent: ReturnType<typeof setTimeout> | undefined;
    pc.addEventListener("connectionstatechange", () => {
      if (silent !== undefined) this.cancel(silent);
      silent = undefined;
      if (pc.connectionState === "disconnected")
        silent = this.after(SILENCE_MS, () => this.end(null));
      else if (pc.connectionState === "failed" || pc.connectionState === "closed") this.end(null);
    });
  }

  private end(ending: Ending): void {
    if (this.hungUp) return;
    if (this.state === "opening") {
      this.giveUp(new CallTrouble(ending ?? TROUBLE.unreachable));
      return;
    }
    this.close();
    this.events.onOver(ending);
  }

  private after(ms: number, then: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      then();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  private cancel(timer: ReturnType<typeof setTimeout>): void {
    clearTimeout(timer);
    this.timers.delete(timer);
  }
}

type Session = { id: string; iceConfig: { iceServers: RTCIceServer[] } | null };

/** Ask the runner for a session: it names the ICE servers that it was started with. */
async function startSession(): Promise<Session> {
  const response = await fetch("/start", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ transport: "webrtc" }),
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const why = isRecord(answer) && typeof answer["detail"] === "string" ? answer["detail"] : "";
    throw new CallTrouble(callRefused(response.status, why));
  }
  if (!isRecord(answer) || typeof answer["sessionId"] !== "string")
    throw new CallTrouble(callRefused(response.status, "It named no session."));
  return {
    id: answer["sessionId"],
    iceConfig: isRecord(answer["iceConfig"])
      ? (answer["iceConfig"] as { iceServers: RTCIceServer[] })
      : null,
  };
}
