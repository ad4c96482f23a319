"""A microphone that says what it is told when it is told, in a browser that has no other."""

import base64
from typing import Any

from blastoff_pipecat.demo.question import SAMPLE_RATE, Question

FLAGS = ("--autoplay-policy=no-user-gesture-required", "--use-fake-ui-for-media-stream")

_SCRIPT = """(() => {
    const context = new AudioContext({ sampleRate: %d });
    const voice = context.createMediaStreamDestination();
    navigator.mediaDevices.getUserMedia = async () => voice.stream.clone();
    window.say = async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
        const samples = Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32768);
        const sound = context.createBuffer(1, samples.length, context.sampleRate);
        sound.copyToChannel(samples, 0);
        const source = new AudioBufferSourceNode(context, { buffer: sound });
        source.connect(voice);
        source.start();
    };
})()"""


class Mouth:
    """What a tab's microphone hears; to be made before the tab has loaded the page."""

    def __init__(self, page: Any) -> None:
        """Put it in the place of the tab's microphone."""
        self._page = page
        page.add_init_script(_SCRIPT % SAMPLE_RATE)

    def say(self, question: Question) -> None:
        """Begin to say something."""
        self._page.evaluate("window.say", base64.b64encode(question.pcm).decode())
