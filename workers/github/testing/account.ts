/** An account whose connection has every scope that tools need, besides those that the stand-in gives by default. */
export const fullAccount = {
  login: "ada",
  scopes: ["repo", "read:user", "notifications", "gist", "read:org", "project"],
};
