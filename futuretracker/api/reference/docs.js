// Start swagger-ui. This is a file, because the Content-Security-Policy forbids inline scripts.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Most responses have the same headers, so their tables are collapsed.
const closedHeaders = {
  wrapComponents: {
    headers: (Headers, { React }) => (props) =>
      React.createElement(
        "details",
        null,
        React.createElement("summary", null, "Headers"),
        React.createElement(Headers, props),
      ),
  },
};

SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#reference",
  plugins: [closedHeaders],
  deepLinking: true,
  defaultModelsExpandDepth: 0, // collapse the models
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false, // never store a token
  tryItOutEnabled: true,
  validatorUrl: null, // send no request to another origin
});
