"""The digest of a bookmark of `mode=replica`, computed by the letter of its definition and by none of the program's code."""

import ctypes

LIBRARY = ctypes.CDLL("libxxhash.so.0")
MASK = (1 << 64) - 1
STRING, NUMBER = 3, 4


class Halves(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


LIBRARY.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
LIBRARY.XXH3_128bits.restype = Halves


def varint(number):
    """LEB128."""
    written = b""
    while number >= 128:
        written += bytes([number & 127 | 128])
        number >>= 7
    return written + bytes([number])


def text(content):
    """Its length and whether it needs no escape in JSON, then its UTF-8. Here all text is plain."""
    raw = content.encode()
    assert content.isascii() and content.isprintable() and not set(content) & set('"\\'), content
    return varint(len(raw) << 1 | 1) + raw


def packed(item):
    """The packed form of an item in DynamoDB's typed JSON, of strings and whole numbers."""
    written = varint(len(item))
    for name, typed in sorted(item.items()):
        ((kind, content),) = typed.items()
        written += text(name) + bytes([STRING if kind == "S" else NUMBER]) + text(content)
    return written


def content(item, partition="id", sort=None):
    """The bytes of an item that are hashed: those of its key, then those of the item. Keys are strings."""
    key = item[partition]["S"].encode() + b"\0\1" + (item[sort]["S"].encode() if sort else b"")
    return key + packed(item)


def digest(items, **key):
    """32 hexadecimal digits for the items: the two halves of their hashes, each summed without a carry."""
    low = high = 0
    for item in items:
        raw = content(item, **key)
        halves = LIBRARY.XXH3_128bits(raw, len(raw))
        low, high = low + halves.low & MASK, high + halves.high & MASK
    return f"{high:016x}{low:016x}"
