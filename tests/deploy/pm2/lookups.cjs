// Writes down each name that a Node process looks up, before it is looked up.
const dns = require("node:dns");
const fs = require("node:fs");

const lookup = dns.lookup;
dns.lookup = (name, ...rest) => {
  fs.appendFileSync(process.env.LOOKUPS, `${name}\n`);
  return lookup(name, ...rest);
};
