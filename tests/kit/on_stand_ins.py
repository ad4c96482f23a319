"""Runs a bot's file as it is, on a computer where hosted services are on loopback.

`BOT` names the file, `HOSTED_SPEECH` and `HOSTED_MODEL` the stand-ins. The addresses that the
services' classes have built in are replaced, as another network would; nothing else is.
"""

import os
import runpy
import sys

from deepgram.environment import DeepgramClientEnvironment
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService

if __name__ == "__main__":
    speech, model = os.environ["HOSTED_SPEECH"], os.environ["HOSTED_MODEL"]
    DeepgramClientEnvironment.PRODUCTION.production = speech
    for service, argument, url in (
        (CartesiaTTSService, "url", f"{speech}/tts/websocket"),
        (OpenAIResponsesLLMService, "ws_url", f"{model}/v1/responses"),
    ):
        assert argument in service.__init__.__kwdefaults__
        service.__init__.__kwdefaults__[argument] = url
    sys.argv[0] = os.environ["BOT"]
    runpy.run_path(sys.argv[0], run_name="__main__")
