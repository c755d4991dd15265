// Starts swagger-ui: from a file, because the policy allows no inline script.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Most answers carry the same headers: their tables stay closed until somebody wants them.
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
  defaultModelsExpandDepth: 0, // the models wait below, closed
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false, // a token is kept nowhere
  tryItOutEnabled: true,
  validatorUrl: null, // nothing is asked of another origin
});
