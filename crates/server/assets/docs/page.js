// Shows the server's own OpenAPI document. Nothing is asked of any other host: no validator, no document from elsewhere.
"use strict";

const DOCUMENT = new URL("openapi.json", window.location.href).href;

/** The server begins where this page is, also behind a proxy that keeps it below a path. */
function withServer(text) {
  const document = JSON.parse(text);
  const url = new URL(".", DOCUMENT).href.replace(/\/$/, "");
  document.servers = [{ ...document.servers[0], url }];
  return JSON.stringify(document);
}

/** The style sheet has a dark form, and leaves it to us to say when. */
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: DOCUMENT,
    domNode: document.getElementById("reference"),
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    validatorUrl: null,
    responseInterceptor: (response) => {
      const isDocument = response.url === DOCUMENT && response.status === 200;
      return isDocument ? { ...response, text: withServer(response.text) } : response;
    },
  });
});
