// What the documentation points at exists: files, headings and npm scripts.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");

/** Pages that people write; the API reference is generated. */
const PAGES = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"],
  ...readdirSync(join(ROOT, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];

const read = (page: string): string => readFileSync(join(ROOT, page), "utf8");

/** The text without fenced code, where brackets are no links. */
const prose = (page: string): string => read(page).replace(/^(```|~~~)[\s\S]*?^\1/gm, "");

/** Headings as GitHub names them in addresses. */
function anchors(page: string): string[] {
  return [...prose(page).matchAll(/^#+ +(.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

/** Relative links of a page that lead nowhere. */
function broken(page: string): string[] {
  const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchors(relative(ROOT, target)).includes(anchor);
    });
}

describe.each(PAGES)("%s", (page) => {
  it("has no link that leads nowhere", () => {
    expect(broken(page)).toEqual([]);
  });

  it("names npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, script = ""]) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it("names files and folders of the repository that exist", () => {
    const named = [...prose(page).matchAll(/`((?:components|stacks|cli|images|tools|tests|docs|bench)\/[\w./-]*)`/g)];
    expect(named.map(([, path = ""]) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("says nothing of the machine that it was written on", () => {
    expect(read(page)).not.toMatch(/\/root\/|\/work\/|\/tmp\/|\.\.\/shared/);
  });
});

describe("the index of the documentation", () => {
  it("lists every page", () => {
    const listed = read("docs/README.md");
    const missing = PAGES.filter((page) => page.startsWith("docs/") && page !== "docs/README.md")
      .map((page) => page.slice("docs/".length))
      .filter((page) => !listed.includes(`(${page})`));
    expect(missing).toEqual([]);
  });
});
