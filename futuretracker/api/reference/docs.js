// Start the reference. This is a file, because the Content-Security-Policy forbids inline scripts.

// The library keeps the token in localStorage. A token must not outlive its tab, so it gets the
// storage of the tab instead.
Object.defineProperty(window, "localStorage", { value: window.sessionStorage });

// Our policy forbids eval. Tell the library's validator (zod) not to try it.
globalThis.__zod_globalConfig = { jitless: true };

// Samples in curl, JavaScript (fetch) and Python (requests) only.
const HIDDEN = Object.fromEntries(
  [
    "c", "clojure", "csharp", "dart", "fsharp", "go", "http", "java", "julia", "kotlin", "node", "objc",
    "ocaml", "php", "powershell", "r", "ruby", "rust", "swift",
  ].map((language) => [language, true]),
);
HIDDEN.shell = ["wget", "httpie"];
HIDDEN.js = ["axios", "jquery", "ofetch", "xhr"];
HIDDEN.python = ["python3", "aiohttp", "httpx_sync", "httpx_async"];

const { createApiReference } = await import(document.querySelector("#library").href);

const page = document.querySelector("#reference");
page.replaceChildren(); // otherwise the library takes it for a page that a server has rendered

// What the library's markup lacks for the keyboard and for assistive technology.
new MutationObserver(() => {
  const isOpen = page.querySelector(".scalar-client--open") !== null;
  const each = (selector, correct) => page.querySelectorAll(selector).forEach(correct);

  // A block that scrolls must be reachable with the keyboard.
  each("code.hljs:not([tabindex]), .cm-scroller[tabindex='-1']", (block) => (block.tabIndex = 0));
  // In the dialog, a button is not presentational, and a field says that its suggestions are closed.
  each("button[role=none]", (button) => button.removeAttribute("role"));
  each("[role=combobox]:not([aria-expanded])", (field) => (field.ariaExpanded = "false"));
  // The editors of bodies have names, and the copy button controls nothing on the page.
  each(".cm-content:not([aria-label])", (body) => {
    body.ariaLabel = body.isContentEditable ? "Request body" : "Response body";
  });
  each("[aria-label='Copy code'][aria-controls]", (copy) => copy.removeAttribute("aria-controls"));
  // Either the dialog or the page behind it can be used.
  each("[role=dialog]", (dialog) => (dialog.inert = !isOpen));
  each(".references-rendered", (main) => (main.inert = isOpen));
  // Each list of notifications has a name of its own.
  each("[role=dialog] section[aria-live]", (list) => (list.ariaLabel = "Notifications of the request"));
}).observe(page, { childList: true, subtree: true, attributeFilter: ["class"] });

// The guides are the chapters of the introduction, which the navigation shows closed.
function showGuides() {
  for (const button of page.querySelectorAll("aside button")) {
    if (button.textContent.trim() === "Open Group - Introduction") button.click();
  }
}

// 'make run' gives tokens to pages on this machine, and says so in a Link header of this page.
async function localToken() {
  if (!/^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname)) return "";
  const { headers } = await fetch(location.pathname, { method: "HEAD" });
  if (!headers.get("Link")?.includes('rel="token"')) return "";
  const body = JSON.stringify({ user: "user_alice" });
  const response = await fetch("/dev/token", { method: "POST", body });
  return response.ok ? (await response.json()).token : "";
}

// The dialog for requests takes a quarter of a megabyte. It is loaded when the page is there, so
// that it opens at once, and also without a network.
function loadDialog() {
  const load = () => import(page.dataset.dialog).catch(() => {}); // the button tries again
  (window.requestIdleCallback ?? setTimeout)(load);
}

const token = await localToken();

createApiReference(page, {
  url: "/api/v1/openapi.json",
  // No request leaves our origin.
  telemetry: false,
  withDefaultFonts: false,
  proxyUrl: "",
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  persistAuth: true,
  authentication: {
    preferredSecurityScheme: "session",
    ...(token && { securitySchemes: { session: { token } } }),
  },
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  hiddenClients: HIDDEN,
  featuredClients: ["shell/curl", "js/fetch", "python/requests"],
  documentDownloadType: "direct",
  defaultOpenFirstTag: true,
  hideModels: true,
  orderSchemaPropertiesBy: "preserve",
  operationTitleSource: "summary",
  onLoaded() {
    showGuides();
    loadDialog();
  },
});
