// Files of a database as a later version might write them: changed, with every checksum and name right again. Bytes: cpp/storage/FORMAT.md.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../support/crc32c.js';

export type Kind = 'manifest' | 'wal' | 'seg' | 'del';

const headerBytes = 64;

/** Fields of the header that every kind of file has. */
export interface HeaderChange {
  major?: number;
  minor?: number;
  required?: bigint;
  optional?: bigint;
}

export function changeHeader(bytes: Buffer, { major, minor, required, optional }: HeaderChange): Buffer {
  if (major !== undefined) bytes.writeUInt16LE(major, 8);
  if (minor !== undefined) bytes.writeUInt16LE(minor, 10);
  if (required !== undefined) bytes.writeBigUInt64LE(required, 16);
  if (optional !== undefined) bytes.writeBigUInt64LE(optional, 24);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, headerBytes - 4)), headerBytes - 4);
  return bytes;
}

const filesOf = (folder: string, kind: Kind) => readdirSync(folder).filter((name) => name.startsWith(`${kind}-`));

/** The manifest with another body. */
export function changeManifest(folder: string, change: (body: string) => string): void {
  for (const name of filesOf(folder, 'manifest')) {
    const bytes = readFileSync(join(folder, name));
    const body = Buffer.from(change(bytes.toString('utf8', headerBytes)));
    const header = bytes.subarray(0, headerBytes);
    header.writeBigUInt64LE(BigInt(body.length), 48);
    header.writeUInt32LE(crc32c(body), 56);
    writeFileSync(join(folder, name), Buffer.concat([changeHeader(header, {}), body]));
  }
}

/** All files of a kind; those whose name holds their checksum get a new one, also where the manifest names them. */
export function changeFiles(folder: string, kind: Kind, change: (bytes: Buffer) => Buffer): void {
  for (const name of filesOf(folder, kind)) {
    const before = readFileSync(join(folder, name));
    const size = before.length;
    const bytes = change(before);
    if (kind !== 'seg' && kind !== 'del') {
      writeFileSync(join(folder, name), bytes);
      continue;
    }
    rmSync(join(folder, name));
    const renamed = `${name.slice(0, -8)}${crc32c(bytes).toString(16).padStart(8, '0')}`;
    writeFileSync(join(folder, renamed), bytes);
    changeManifest(folder, (body) => body.replace(`{"name":"${name}","bytes":${size}}`, `{"name":"${renamed}","bytes":${bytes.length}}`));
  }
}

/** A segment with one more section, of a kind that nobody knows. */
export function addSection(bytes: Buffer, kind: number): Buffer {
  const footer = Buffer.from(bytes.subarray(-64));
  const blocks = footer.readBigUInt64LE(16);
  const checksums = Number(footer.readBigUInt64LE(8));
  const sections = Number(footer.readBigUInt64LE(24));
  // Its bytes go where the tables were, the tables behind them.
  const content = Buffer.alloc(64, 'of a later version ');
  const entry = Buffer.alloc(40);
  entry.writeUInt32LE(kind, 0);
  entry.writeUInt32LE(64, 4);
  entry.writeBigUInt64LE(BigInt(checksums), 8);
  entry.writeBigUInt64LE(64n, 16);
  entry.writeBigUInt64LE(blocks, 24);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32c(content));
  const crcs = Buffer.concat([bytes.subarray(checksums, checksums + 4 * Number(blocks)), crc]);
  const table = Buffer.concat([bytes.subarray(sections, sections + 40 * footer.readUInt32LE(32)), entry]);
  const gap = Buffer.alloc((8 - (crcs.length % 8)) % 8);
  const tablesAt = checksums + content.length;
  footer.writeBigUInt64LE(BigInt(tablesAt), 8);
  footer.writeBigUInt64LE(blocks + 1n, 16);
  footer.writeBigUInt64LE(BigInt(tablesAt + crcs.length + gap.length), 24);
  footer.writeUInt32LE(table.length / 40, 32);
  const out = Buffer.concat([bytes.subarray(0, checksums), content, crcs, gap, table, footer]);
  const end = out.subarray(-64);
  end.writeBigUInt64LE(BigInt(out.length), 40);
  end.writeUInt32LE(crc32c(Buffer.concat([crcs, gap, table])), 48);
  end.writeUInt32LE(crc32c(end.subarray(0, 60)), 60);
  return out;
}
