import { expect, test } from "vitest";
import { whyNotInstall } from "./install-docker.ts";

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n';
const UBUNTU = "ID=ubuntu\nID_LIKE=debian\n";
const MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n';
const FEDORA = 'ID=fedora\nVERSION_ID="42"\n';

test.each([DEBIAN, UBUNTU, MINT])("root installs on Debian and its kin: %j", (release) => {
  expect(whyNotInstall(release, 0)).toBeUndefined();
});

test.each([FEDORA, ""])("on other systems it says what to do: %j", (release) => {
  expect(whyNotInstall(release, 0)).toContain("install Docker Engine yourself");
});

test("another user than root is told so", () => {
  expect(whyNotInstall(DEBIAN, 1000)).toContain("only root can");
});
