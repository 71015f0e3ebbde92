import { crc32, deflateSync } from "node:zlib";

/** A PNG file of 8-bit grey pixels, row by row (PNG specification, second edition). */
export function encodeGreyPng(pixels: Uint8Array, width: number): Buffer {
  const height = pixels.length / width;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const up = 2;
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    rows[y * (width + 1)] = up;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      rows[y * (width + 1) + 1 + x] = pixels[at] - (y > 0 ? pixels[at - width] : 0);
    }
  }
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    section("IHDR", header),
    section("IDAT", deflateSync(rows, { level: 9 })),
    section("IEND", Buffer.alloc(0)),
  ]);
}

function section(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
