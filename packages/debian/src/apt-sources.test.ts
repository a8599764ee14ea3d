import { expect, it } from "vitest";
import { parseDeb822Sources, parseSourcesList } from "./apt-sources.ts";

it("reads one-line entries with options, comments and source entries between them", () => {
  const text = `
# deb http://commented.invalid/debian sid main
deb-src http://mirror.invalid/debian trixie main
deb http://mirror.invalid/debian trixie main contrib # the rest
  deb [arch=amd64 check-valid-until=no] https://frozen.invalid/debian/ sid main
deb http://flat.invalid/ ./
`;
  expect(parseSourcesList(text)).toEqual([
    {
      uri: "http://mirror.invalid/debian",
      suite: "trixie",
      components: ["main", "contrib"],
      checkValidUntil: true,
    },
    { uri: "https://frozen.invalid/debian/", suite: "sid", components: ["main"], checkValidUntil: false },
    { uri: "http://flat.invalid/", suite: "./", components: [], checkValidUntil: true },
  ]);
});

it("reads deb822 entries, one for each URI and suite", () => {
  const text = `Types: deb deb-src
# a comment within
URIs: http://one.invalid/debian
 http://two.invalid/debian
Suites: trixie trixie-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xyz

Types: deb
Enabled: no
URIs: http://off.invalid/debian
Suites: sid
Components: main

types: deb
uris: http://frozen.invalid/debian
suites: sid
components: main
check-valid-until: no
`;
  const expected = ["one", "two"].flatMap((host) =>
    ["trixie", "trixie-updates"].map((suite) => ({
      uri: `http://${host}.invalid/debian`,
      suite,
      components: ["main"],
      checkValidUntil: true,
    })),
  );
  expect(parseDeb822Sources(text)).toEqual([
    ...expected,
    { uri: "http://frozen.invalid/debian", suite: "sid", components: ["main"], checkValidUntil: false },
  ]);
});
