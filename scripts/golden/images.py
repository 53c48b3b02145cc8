"""Golden pictures: files of every kind that read_image knows with their pixels, and pictures resized by Pillow.

usage: images.py > tests/golden/images.json          (needs numpy and pillow; written with pillow 13.0.0)
"""
import base64
import io
import json
import struct
import zlib

import numpy as np
from PIL import Image

from formula import uniform


def levels(seed, shape, most=255):
    return np.floor(uniform(seed, shape, 0, most + 1)).clip(0, most).astype(np.int64)


def scene(height, width, channels):
    """Smooth, with an edge: what JPEG keeps well."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 90 * np.sin(0.2 * x + c) * np.cos(0.15 * y - c) + 30 * (x > width // 2) for c in range(channels)]
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def picture(pixels):
    pixels = np.asarray(pixels, np.uint8)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return {"height": pixels.shape[0], "width": pixels.shape[1], "channels": pixels.shape[2],
            "pixels": text(pixels.tobytes())}


def jpeg(name, pixels, mode, **options):
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze(), mode).save(file, "JPEG", **options)
    read = Image.open(io.BytesIO(file.getvalue()))
    return {"name": name, "file": text(file.getvalue())} | picture(read if read.mode == "L" else read.convert("RGB"))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack_rows(samples, depth):
    """[height, width, channels] samples of so many bits, each row behind a filter byte of 0."""
    rows = b""
    for row in samples.reshape(len(samples), -1):
        bits = "".join(format(int(v), f"0{depth}b") for v in row)
        bits += "0" * (-len(bits) % 8)
        rows += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return rows


def png(name, samples, depth, colour_type, expected, extra=b"", interlace=0):
    height, width = samples.shape[:2]
    adam7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in adam7] if interlace else [samples]
    data = b"".join(pack_rows(part, depth) for part in passes if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    file = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) +
            chunk(b"IEND", b""))
    Image.open(io.BytesIO(file)).load()  # Pillow takes it too
    return {"name": name, "file": text(file)} | picture(expected)


def over_white(colour, alpha):
    return (alpha * colour + (255 - alpha) * 255 + 127) // 255


def pngs():
    grey, colour, alpha = levels(1, (9, 11, 1)), levels(2, (9, 11, 3)), levels(3, (9, 11, 1))
    yield png("grey 8", grey, 8, 0, grey)
    for depth in (1, 2, 4):
        low = levels(4, (9, 11, 1), 2 ** depth - 1)
        yield png(f"grey {depth}", low, depth, 0, low * 255 // (2 ** depth - 1))
    wide = levels(5, (9, 11, 1), 65535)
    yield png("grey 16", wide, 16, 0, (wide * 255 + 32767) // 65535)
    wide = levels(6, (9, 11, 3), 65535)
    yield png("colour 16", wide, 16, 2, (wide * 255 + 32767) // 65535)
    yield png("colour 8", colour, 8, 2, colour)
    yield png("colour 8 interlaced", colour, 8, 2, colour, interlace=1)
    yield png("grey 1 interlaced", levels(7, (9, 11, 1), 1), 1, 0, levels(7, (9, 11, 1), 1) * 255, interlace=1)
    yield png("grey with alpha", np.concatenate([grey, alpha], -1), 8, 4, over_white(grey, alpha))
    yield png("colour with alpha", np.concatenate([colour, alpha], -1), 8, 6, over_white(colour, alpha))
    palette, index = levels(8, (5, 3)), levels(9, (9, 11, 1), 4)
    plte = chunk(b"PLTE", bytes(palette.astype(np.uint8).tobytes()))
    yield png("palette 8", index, 8, 3, palette[index[..., 0]], plte)
    yield png("palette 4", index, 4, 3, palette[index[..., 0]], plte)
    opacity = np.array([0, 128, 255, 255, 255])[index]
    yield png("palette with alpha", index, 8, 3, over_white(palette[index[..., 0]], opacity),
              plte + chunk(b"tRNS", bytes([0, 128])))
    key = int(grey[4, 5, 0])
    yield png("grey with a transparent level", grey, 8, 0, np.where(grey == key, 255, grey),
              chunk(b"tRNS", struct.pack(">H", key)))


def jpegs():
    yield jpeg("grey", scene(21, 19, 1), "L", quality=90)
    for name, subsampling in (("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)):
        yield jpeg(f"colour {name}", scene(21, 19, 3), "RGB", quality=90, subsampling=subsampling)
    yield jpeg("progressive", scene(21, 19, 3), "RGB", quality=90, progressive=True)
    yield jpeg("restart markers", scene(33, 35, 3), "RGB", quality=75, restart_marker_blocks=2)
    yield jpeg("cmyk", scene(21, 19, 4), "CMYK", quality=95)


def resizes():
    inputs = {(23, 17, 3): [(8, 8), (17, 23), (40, 31), (1, 1), (16, 5)], (20, 24, 1): [(7, 9), (64, 3)]}
    for seed, (shape, sizes) in enumerate(inputs.items()):
        pixels = levels(20 + seed, shape).astype(np.uint8)
        image = Image.fromarray(pixels.squeeze())
        for width, height in sizes:
            yield {"from": picture(pixels), "box": None,
                   "to": picture(image.resize((width, height), Image.Resampling.BILINEAR))}
    box = (3, 5, 15, 20)
    pixels = levels(30, (23, 17, 3)).astype(np.uint8)
    yield {"from": picture(pixels), "box": box,
           "to": picture(Image.fromarray(pixels).crop(box).resize((6, 7), Image.Resampling.BILINEAR))}


def fraction():
    """A box of half pixels: Pillow looks outside of it for the outermost pixels."""
    pixels, box = levels(31, (31, 33, 3)).astype(np.uint8), (7.5, 4.5, 25.5, 22.5)
    return {"from": picture(pixels), "box": box,
            "to": picture(Image.fromarray(pixels).resize((12, 12), Image.Resampling.BILINEAR, box=box))}


def greys():
    colour = levels(40, (6, 7, 3)).astype(np.uint8)
    return {"colour": picture(colour), "grey": picture(Image.fromarray(colour).convert("L"))}


print(json.dumps({"jpeg": list(jpegs()), "png": list(pngs()), "resize": list(resizes()), "fraction": fraction(),
                  "grey": greys()}, indent=0))
