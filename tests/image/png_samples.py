"""Writes png_samples.h: small PNG files of every kind and their pixels as Pillow converts them.

    python3 png_samples.py > png_samples.h
"""
import io
import struct
import zlib

import numpy as np
import PIL
from PIL import Image

W, H = 5, 3


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(bits, color, rows, extra=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, bits, color, 0, 0, 0))
    body = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def interlaced(picture):
    """Adam7, RGB of 8 bits: the seven passes one after another."""
    a = np.asarray(picture.convert("RGB"))
    data = b""
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = a[y::dy, x::dx]
        if part.size:
            data += b"".join(b"\0" + row.tobytes() for row in part)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 1))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def saved(picture, **options):
    out = io.BytesIO()
    picture.save(out, "PNG", **options)
    return out.getvalue()


def rows(values):
    return ",\n".join("    " + ", ".join(map(str, values[i : i + 20])) for i in range(0, len(values), 20))


random = np.random.default_rng(1)
rgba = Image.fromarray(random.integers(0, 256, (H, W, 4), dtype=np.uint8), "RGBA")
rgb, gray = rgba.convert("RGB"), rgba.convert("L")
palette = rgb.quantize(6)
gamma = chunk(b"gAMA", struct.pack(">I", 45455))
wide = random.integers(0, 65536, (H, W, 3)).astype(">u2")
files = {
    "gray": saved(gray),
    "gray_alpha": saved(rgba.convert("LA")),
    "rgb": saved(rgb),
    "rgba": saved(rgba),
    "palette": saved(palette),
    "palette_clear": saved(palette, transparency=2),
    "bits1": saved(gray.convert("1")),
    "bits2": raw_png(2, 0, [bytes([0b00011011, 0b11000000])] * H),
    "bits4": raw_png(4, 0, [bytes([0x0F, 0x37, 0xA0])] * H),
    "interlaced": interlaced(rgb),
    "gamma": raw_png(8, 2, [row.tobytes() for row in np.asarray(rgb)], gamma),
    "bits16": raw_png(16, 2, [row.tobytes() for row in wide]),
}


def expected(name, channels):
    if name == "bits16":  # rounded; Pillow cuts the lower byte off
        eight = ((wide.astype(np.int64) * 255 + 32767) // 65535).astype(np.uint8)
        return Image.fromarray(eight, "RGB")
    return Image.open(io.BytesIO(files[name]))


print("/* Made by png_samples.py with Pillow %s. */" % PIL.__version__)
print("typedef struct png_sample {\n  const uint8_t *file;\n  size_t bytes;\n  int width, height, channels;")
print("  const uint8_t *pixels;\n} png_sample;\n\n/* clang-format off */")
table = []
for name, data in files.items():
    print("static const uint8_t file_%s[] = {\n%s};" % (name, rows(list(data))))
    for channels, mode in ((1, "L"), (3, "RGB"), (4, "RGBA")):
        picture = expected(name, channels)
        if channels == 1:
            picture = picture.convert("RGB")  # without its alpha
        pixels = list(picture.convert(mode).tobytes())
        print("static const uint8_t pixels_%s_%d[] = {\n%s};" % (name, channels, rows(pixels)))
        table.append("{file_%s, sizeof file_%s, %d, %d, %d, pixels_%s_%d}" % (name, name, W, H, channels, name, channels))
print("static const png_sample png_samples[] = {\n    %s};" % ",\n    ".join(table))
huge = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 100000, 100000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
print("static const uint8_t png_huge[] = {\n%s};\n/* clang-format on */" % rows(list(huge)))
