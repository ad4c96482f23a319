"""The child process that fetches one file from the hub with its own library (run as a script).

Arguments: repository, file, bytes that it must have, folder. What goes wrong is one line on
standard error that begins with ``ERROR:``. This file imports nothing of the package.
"""

import sys

from huggingface_hub import HfApi, hf_hub_url


def main(repository: str, file: str, size: str, folder: str) -> str | None:
    """Fetch the file.

    Returns:
        What went wrong; None where nothing did.
    """
    hub = HfApi(token=False)
    try:
        # The download itself asks six times before it gives a hub up. This asks once.
        found = hub.get_hf_file_metadata(url=hf_hub_url(repository, file))
        if found.size not in (None, int(size)):
            return f"ERROR: it has {found.size} bytes under {file}, not {size}"
        hub.hf_hub_download(  # pyright: ignore[reportUnknownMemberType]  # tqdm has no types
            repository, file, local_dir=folder
        )
    except Exception as error:
        return f"ERROR: {type(error).__name__}: {' '.join(str(error).split())}"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
