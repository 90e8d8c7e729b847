import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, run } from "./project.js";

test("a new version is written wherever there is one, and its notes are the changelog's", async () => {
  const folder = mkdtempSync(join(tmpdir(), "couchfetch-release-"));
  try {
    const files = ["package.json", "package-lock.json", "jsr.json", "CHANGELOG.md", ".ci"];
    for (const file of files) cpSync(join(root, file), join(folder, file), { recursive: true });
    const git = (...parameters: string[]) => {
      const identity = ["-c", "user.name=release", "-c", "user.email=release@example.org"];
      return run("git", [...identity, ...parameters], { cwd: folder });
    };
    await git("init", "-q");
    await git("add", ".");
    await git("commit", "-qm", "As it is");
    await git("config", "user.name", "release");
    await git("config", "user.email", "release@example.org");
    const shell = process.platform === "win32";
    await run("npm", ["version", "7.8.9", "--ignore-scripts=false"], { cwd: folder, shell });

    const read = (file: string) => readFileSync(join(folder, file), "utf8");
    expect(JSON.parse(read("package.json")).version).toBe("7.8.9");
    expect(JSON.parse(read("jsr.json")).version).toBe("7.8.9");
    const today = new Date().toISOString().slice(0, 10);
    expect(read("CHANGELOG.md")).toContain(`\n## 7.8.9 (${today})\n`);
    expect(read("CHANGELOG.md")).not.toContain("(not released)");
    expect((await git("tag")).stdout).toBe("v7.8.9\n");
    expect((await git("status", "--porcelain")).stdout).toBe("");

    const { stdout } = await run(process.execPath, [".ci/notes.mjs"], { cwd: folder });
    const [, section] = read("CHANGELOG.md").split(/^## .*$/m);
    expect(stdout.trim()).toBe(section?.trim());
    // What is not written down is not released.
    await expect(run("npm", ["version", "patch"], { cwd: folder, shell })).rejects.toThrow(
      "what is new?",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
