"""One file of JSON and arrays: written whole or not at all, checked when it is read.

The file is a safetensors file, and the JSON is in the metadata of its header. That
format has no checksum and is not executable; a checksum of all content is added.
"""

import json
import os
import re
import secrets
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

# Goes up where older versions of the package could not read what is written.
FORMAT_VERSION = 1
# Names that safetensors has for the dtypes of numpy that are stored.
DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
KEYS = {"format", "version", "symdisc", "document", "checksum"}


def write_file(path, kind, document, arrays):
    """Write a file, replacing an old one only once the new one is on the disk.

    Parameters
    ----------
    path : str or os.PathLike
    kind : {"model", "checkpoint"}
    document : dict
        What JSON can hold.
    arrays : dict of ndarray
        C-contiguous, of the dtypes in `DTYPES`.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r} is in the folder {str(path.parent)!r}, which does not "
            "exist. Make it first, or save elsewhere."
        )
    _check_is_no_folder(path)
    metadata = {
        "format": f"symdisc {kind}",
        "version": str(FORMAT_VERSION),
        "symdisc": version("symdisc"),
        "document": json.dumps(document, allow_nan=False),
    }
    metadata["checksum"] = checksum(metadata, arrays)
    # In the same directory, or it could not be renamed in one step.
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # By hand: safetensors would write aside, too, and leave that if it is killed.
        part.write_bytes(save(arrays, metadata))
        _flush(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":
        _flush(path.parent)


def parts_of(path):
    """Return the unfinished files that killed writers have left beside a file."""
    path = Path(path)
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.part")
    return [other for other in path.parent.iterdir() if pattern.fullmatch(other.name)]


def read_file(path, kind, remedy):
    """Read a file that `write_file` has written.

    Parameters
    ----------
    path : str or os.PathLike
    kind : {"model", "checkpoint"}
    remedy : str
        What error messages advise where the file is damaged.

    Returns
    -------
    document : dict
    arrays : dict of ndarray

    Raises
    ------
    ValueError
        If the file is another or a damaged one, or from a newer version.
    OSError
        If there is no file, or it cannot be read.
    """
    path = Path(path)
    _check_is_no_folder(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            _check_metadata(path, kind, metadata)
            arrays = {name: _read_array(file, name, size) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, _DamagedError) as error:
        raise damaged(path, error, remedy) from error
    if checksum(metadata, arrays) != metadata["checksum"]:
        raise damaged(path, "its checksum is wrong", remedy)
    try:
        document = json.loads(metadata["document"], parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"its JSON is not valid: {error}", remedy) from error
    return document, arrays


def damaged(path, reason, remedy):
    """Return the error that says that a file is of no use."""
    reason = str(reason).rstrip(".")
    return ValueError(
        f"{str(path)!r} is damaged or was tampered with: {reason}. {remedy}"
    )


def checksum(metadata, arrays):
    """Return a checksum, in hexadecimal, of texts and arrays with their names."""
    total = blake2b(digest_size=32)
    texts = {key: text for key, text in metadata.items() if key != "checksum"}
    total.update(json.dumps(texts, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        total.update(json.dumps([name, array.dtype.name, array.shape]).encode())
        total.update(array.data)
    return total.hexdigest()


class _DamagedError(Exception):
    """What is wrong with a file; its name is added later."""


def _check_metadata(path, kind, metadata):
    found = metadata.get("format", "")
    if found != f"symdisc {kind}":
        known = found in ("symdisc model", "symdisc checkpoint")
        what = f"a {found}" if known else "another safetensors file"
        raise ValueError(f"{str(path)!r} is {what}, not a symdisc {kind}.")
    number = metadata.get("version", "")
    if not re.fullmatch(r"[1-9]\d{0,5}", number, re.ASCII):
        raise _DamagedError("it does not say the version of its format")
    if int(number) > FORMAT_VERSION:
        writer = re.sub(r"[^\w.+-]", "", metadata.get("symdisc", ""), flags=re.A)[:40]
        raise ValueError(
            f"{str(path)!r} has format {number}, written by symdisc {writer}; this is "
            f"symdisc {version('symdisc')}, which reads formats up to "
            f"{FORMAT_VERSION}. Install symdisc>={writer}."
        )
    if set(metadata) != KEYS:
        raise _DamagedError(f"its metadata is not {sorted(KEYS)}")


def _read_array(file, name, size):
    """Return a copy of an array, in memory of its own."""
    part = file.get_slice(name)
    dtype, shape = part.get_dtype(), part.get_shape()
    # An empty array can claim any length, and what is made of it would have it.
    if dtype not in DTYPES or max(shape, default=0) > size:
        raise _DamagedError(f"array {name[:40]!r} has dtype {dtype} and shape {shape}")
    return np.array(file.get_tensor(name))


def _check_is_no_folder(path):
    if path.is_dir():
        raise IsADirectoryError(
            f"path={str(path)!r} is a folder. Give the name of a file, in it or "
            "elsewhere."
        )


def _refuse(constant):
    raise ValueError(f"{constant} is not a number")


def _flush(path):
    """Wait until a file, or a directory, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
