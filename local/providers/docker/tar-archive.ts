/** One regular file of an archive. */
export interface ArchiveFile {
  /** Path without a leading slash, at most 255 characters. */
  path: string;
  content: Uint8Array;
  /** Permission bits, e.g. 0o644. */
  mode: number;
}

const blockBytes = 512;

/** A tar archive (POSIX.1-1988 ustar) of regular files, owned by root. @throws Error when a path is too long */
export function tarArchive(files: ArchiveFile[]): Buffer {
  const blocks = files.flatMap((file) => {
    const padding = (blockBytes - (file.content.length % blockBytes)) % blockBytes;
    return [header(file), Buffer.from(file.content), Buffer.alloc(padding)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header({ path, content, mode }: ArchiveFile): Buffer {
  const [prefix, name] = splitPath(path);
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(content.length, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(" ".repeat(8), 148);
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** The name field holds 100 bytes, the prefix field 155 more. */
function splitPath(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  for (let cut = path.indexOf("/"); cut !== -1; cut = path.indexOf("/", cut + 1)) {
    const [prefix, name] = [path.slice(0, cut), path.slice(cut + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return [prefix, name];
  }
  throw new Error(`The path ${path} is too long to be uploaded.`);
}
