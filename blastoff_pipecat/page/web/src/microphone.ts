import type { PipecatClientOptions, Tracks } from "@pipecat-ai/client-js";
import type { SmallWebRTCTransportConstructorOptions } from "@pipecat-ai/small-webrtc-transport";

type MediaManager = NonNullable<SmallWebRTCTransportConstructorOptions["mediaManager"]>;

/**
 * The microphone, as the transport wants it: a media manager.
 *
 * The two that come with the transport do not fit here. `DailyMediaManager` fetches a script from
 * another host. `WavMediaManager` keeps every sample of the call in memory, to make a WAV file of it
 * that nobody asks for, in an audio worklet that a strict content security policy refuses; and it
 * tells a refused microphone, a missing one and a busy one by one and the same error.
 */
export class Microphone {
  private callbacks: NonNullable<PipecatClientOptions["callbacks"]> = {};
  private track: MediaStreamTrack | null = null;
  private enabled = true;
  private released = false;

  /** @param onUnplugged Called when the device goes away while it is in use. */
  constructor(private readonly onUnplugged: () => void) {}

  /** Hand this to the transport, whose type for it is a class with private members. */
  asMediaManager(): MediaManager {
    return this as unknown as MediaManager;
  }

  /**
   * Open the microphone, asking the user where the browser has to.
   *
   * @throws DOMException by `getUserMedia`: refused, missing, busy.
   */
  async initialize(): Promise<void> {
    if (this.track?.readyState === "live") return;
    const stream = await navigator.mediaDevices.getUserMedia({
      // The bot is heard from the same computer's loudspeaker and must not interrupt itself.
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    const [track] = stream.getAudioTracks();
    if (!track) throw new DOMException("no audio track", "NotFoundError");
    if (this.released) {
      track.stop();
      throw new DOMException("no longer wanted", "AbortError");
    }
    track.enabled = this.enabled;
    track.addEventListener("ended", this.onUnplugged);
    this.track = track;
    this.callbacks.onMicUpdated?.({
      deviceId: track.getSettings().deviceId || "default",
      groupId: "",
      kind: "audioinput",
      label: track.label,
      toJSON: () => ({}),
    });
  }

  /** Let go of the microphone, also of one that the user has yet to grant. */
  release(): void {
    this.released = true;
    this.track?.removeEventListener("ended", this.onUnplugged);
    this.track?.stop();
    this.track = null;
  }

  // What the transport asks of a media manager.

  setClientOptions(options: PipecatClientOptions): void {
    this.callbacks = options.callbacks ?? {};
    this.enabled = options.enableMic ?? true;
  }

  connect(): Promise<void> {
    return this.initialize();
  }

  async disconnect(): Promise<void> {
    this.release();
  }

  tracks(): Tracks {
    return { local: this.track ? { audio: this.track } : {} };
  }

  enableMic(enable: boolean): void {
    this.enabled = enable;
    if (this.track) this.track.enabled = enable;
  }

  get isMicEnabled(): boolean {
    return this.enabled;
  }

  readonly isCamEnabled = false;
  readonly isSharingScreen = false;
  readonly supportsScreenShare = false;
}
