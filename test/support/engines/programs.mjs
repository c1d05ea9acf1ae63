// The programs that engines are, and what has to be installed for each.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findCommand } from "../find-command.mjs";
import { CACHE, needOldProgram } from "./old-programs.mjs";

const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
const PYQT = "/usr/lib/python3/dist-packages/PyQt5";
const KF5 = "/usr/include/KF5";
const OPENJFX = "/usr/share/openjfx/lib";

/** Path of the Chromium that the tests drive. */
export function chromiumPath() {
  return findCommand(["chromium", "chromium-browser"]);
}

/** Path of the Firefox that the tests drive. */
export function firefoxPath() {
  return findCommand(["firefox-esr", "firefox"]);
}

/** The browser that WebKitGTK's driver drives. */
export const WEBKIT_BROWSER = `${LIBRARIES}/webkit2gtk-4.1/MiniBrowser`;

/** The parts of Java and JavaFX that the host uses. */
export const JAVAFX_MODULES = [
  ...["--module-path", OPENJFX, "--add-modules", "javafx.web,javafx.controls,javafx.swing"],
  ...["--add-exports", "javafx.web/com.sun.javafx.webkit=ALL-UNNAMED"],
];

/** Path of what is compiled of a file beside this one: another one after each change of it. */
function compiledPath(source) {
  const text = readFileSync(join(import.meta.dirname, source));
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return join(CACHE, `${source.replace(/\..*$/, "")}-${hash}`);
}

/** Path of the program around KHTML. */
export const KHTML_HOST = compiledPath("khtml-host.cpp");

/** Directory of the classes around JavaFX's WebView. */
export const JAVAFX_HOST = compiledPath("FxHost.java");

/** Debian's packages that a need is met by. */
const debian = (name, present, packages) => ({ name, present, packages });

const hasAll = (...paths) => paths.every((path) => existsSync(path));

const SCREEN = debian("Xvfb", () => findCommand(["Xvfb"]) !== null, ["xvfb"]);
const FONTS = debian("fontconfig", () => hasAll(`${LIBRARIES}/libfontconfig.so.1`), [
  "libfontconfig1",
]);

/** What each engine needs, by the name that `npm run test:engines -- --engine` takes. */
export const ENGINE_NEEDS = {
  chromium: [debian("Chromium", () => chromiumPath() !== null, ["chromium"])],
  firefox: [debian("Firefox", () => firefoxPath() !== null, ["firefox-esr"])],
  webkitgtk: [
    SCREEN,
    debian(
      "WebKitGTK's driver",
      () => findCommand(["WebKitWebDriver"]) !== null && hasAll(WEBKIT_BROWSER),
      ["webkit2gtk-driver"],
    ),
  ],
  qtwebkit: [
    debian("QtWebKit for Python", () => hasAll(`${PYQT}/QtWebKitWidgets.abi3.so`), [
      "python3-pyqt5.qtwebkit",
    ]),
  ],
  phantomjs1: [FONTS, needOldProgram("phantomjs-1.9.8", "PhantomJS 1.9.8")],
  phantomjs2: [FONTS, needOldProgram("phantomjs-2.1.1", "PhantomJS 2.1.1")],
  chrome64: [needOldProgram("chrome-64", "Chrome 64")],
  chromium87: [
    SCREEN,
    debian("Qt's WebEngine for Python", () => hasAll(`${PYQT}/QtWebEngineWidgets.abi3.so`), [
      "python3-pyqt5.qtwebengine",
    ]),
  ],
  khtml: [
    debian(
      "KHTML and what compiles a program with it",
      () =>
        hasAll(`${KF5}/KHtml/khtml_part.h`, `${LIBRARIES}/qt5/plugins/kf5/parts/khtmlpart.so`) &&
        ["g++", "pkg-config", "dbus-run-session"].every((name) => findCommand([name])),
      ["libkf5khtml-dev", "libkf5khtml-bin", "qtbase5-dev", "g++", "pkg-config", "dbus-daemon"],
    ),
    {
      name: "the program around KHTML",
      present: () => hasAll(KHTML_HOST),
      packages: [],
      make: compileKhtmlHost,
    },
  ],
  javafx: [
    SCREEN,
    debian(
      "JavaFX and what compiles a program with it",
      () => findCommand(["javac"]) !== null && hasAll(`${OPENJFX}/javafx.web.jar`),
      ["openjfx", "default-jdk-headless"],
    ),
    {
      name: "the program around JavaFX's WebView",
      present: () => hasAll(join(JAVAFX_HOST, "FxHost.class")),
      packages: [],
      make: () => compile("javac", [...JAVAFX_MODULES, "-d", JAVAFX_HOST, "FxHost.java"]),
    },
  ],
};

function compileKhtmlHost() {
  const flags = spawnSync("pkg-config", ["--cflags", "--libs", "Qt5Widgets"], { encoding: "utf8" });
  const inside = readdirSync(KF5, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const headers = [
    `${LIBRARIES}/qt5/mkspecs/linux-g++`,
    KF5,
    ...inside.map(({ name }) => join(KF5, name)),
  ];
  compile("g++", [
    ...["-fPIC", "-O1", "-o", KHTML_HOST, "khtml-host.cpp"],
    ...flags.stdout.trim().split(/\s+/),
    ...headers.map((directory) => `-I${directory}`),
    ...["KHtml", "Parts", "CoreAddons", "XmlGui"].map((name) => `-lKF5${name}`),
  ]);
}

/** Compile in this directory; what is wrong is printed. */
function compile(command, args) {
  mkdirSync(CACHE, { recursive: true });
  spawnSync(command, args, { cwd: import.meta.dirname, stdio: "inherit" });
}

/**
 * A directory that PhantomJS 1.9.8 finds libraries in, of which none is OpenSSL: it dies of one of
 * today's.
 */
export function librariesWithoutSsl() {
  const directory = join(CACHE, "without-ssl");
  mkdirSync(directory, { recursive: true });
  const other = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6"].find((path) =>
    existsSync(path),
  );
  for (const name of ["libssl.so", "libcrypto.so"]) {
    const path = join(directory, name);
    if (other !== undefined && !existsSync(path)) symlinkSync(other, path);
  }
  return directory;
}
