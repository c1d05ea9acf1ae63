import { readFileSync, type Stats } from "node:fs";
import { stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import type { Middleware } from "koa";
import serveStatic from "koa-static";
import type { AccessOptions } from "./middleware/access.ts";
import { formatPolicy, type PolicyName } from "./middleware/policies.ts";

/** Types of texts that say their charset themselves, where they are not UTF-8. */
const TEXT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".htm": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".txt": "text/plain",
};

/** Larger files are taken for UTF-8 without a look, in bytes. */
const MAX_LOOK_BYTES = 1_048_576;

/** A directory of pages. */
export interface PageDirectory {
  readonly path: string;
  readonly policy: PolicyName;
}

/** Serve the files of a directory, and the `index.html` of its folders. */
export function pageMiddleware({ path, policy }: PageDirectory, access: AccessOptions): Middleware {
  const header = formatPolicy(policy, access);
  const isUtf8 = createUtf8Check();
  const files = serveStatic(path, {
    setHeaders(response: ServerResponse, file: string, stats: Stats) {
      response.setHeader("Content-Security-Policy", header);
      // An allowed page of another origin loads the client from here.
      if (access.origins.length > 0)
        response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
      const type = TEXT_TYPES[extname(file).toLowerCase()];
      // A header would win over what an old page says of itself.
      if (type !== undefined && !isUtf8(file, stats)) response.setHeader("Content-Type", type);
    },
  });
  return async (ctx, next) => {
    if ((ctx.method === "GET" || ctx.method === "HEAD") && !ctx.path.endsWith("/")) {
      const folder = await folderAt(path, ctx.path);
      if (folder) return ctx.redirect(folderUrl(ctx.path, ctx.search));
    }
    await files(ctx, next);
  };
}

/**
 * The URL of a folder that was asked for without its last slash, where the relative links of its
 * page would lead elsewhere. Relative, since a proxy may have put this server under a prefix.
 *
 * @param search with its question mark; may be empty
 */
export function folderUrl(path: string, search: string): string {
  return `./${path.slice(path.lastIndexOf("/") + 1)}/${search}`;
}

/** Whether one of the directories has a page at a path, or a folder of pages. */
export async function hasPage(
  directories: readonly PageDirectory[],
  path: string,
): Promise<boolean> {
  for (const directory of directories)
    if ((await fileAt(directory.path, path)) || (await folderAt(directory.path, path))) return true;
  return false;
}

/** Whether a path is a file, or a folder's own path whose index is shown. */
async function fileAt(root: string, path: string): Promise<boolean> {
  try {
    const file = resolveBelow(root, path.endsWith("/") ? `${path}index.html` : path);
    return file !== null && (await stat(file)).isFile();
  } catch {
    return false; // there is none, or the path is none
  }
}

/** Whether a path is a folder with an index. */
async function folderAt(root: string, path: string): Promise<boolean> {
  try {
    const folder = resolveBelow(root, path);
    if (folder === null || !(await stat(folder)).isDirectory()) return false;
    return (await stat(join(folder, "index.html"))).isFile();
  } catch {
    return false; // there is none, or the path is none
  }
}

/**
 * The file of a path; null for one that leads out of the directory.
 *
 * @throws URIError the path is not percent-encoded UTF-8
 */
function resolveBelow(root: string, path: string): string | null {
  const file = resolve(join(root, decodeURIComponent(path)));
  return file.startsWith(resolve(root) + sep) ? file : null;
}

function createUtf8Check(): (file: string, stats: Stats) => boolean {
  const known = new Map<string, { readonly mtimeMs: number; readonly isUtf8: boolean }>();
  return (file, { mtimeMs, size }) => {
    if (size > MAX_LOOK_BYTES) return true;
    const earlier = known.get(file);
    if (earlier?.mtimeMs === mtimeMs) return earlier.isUtf8;
    const isUtf8 = isValidUtf8(readFileSync(file));
    known.set(file, { mtimeMs, isUtf8 });
    return isUtf8;
  };
}

function isValidUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
