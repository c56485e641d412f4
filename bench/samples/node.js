// Answers each number on standard input with the microseconds that so many transformations took; 0 with one result.
const { createInterface } = require("node:readline");
const lead = process.env.HOOKMILL_LEAD;
let kept = 0;
createInterface({ input: process.stdin }).on("line", (line) => {
  const leads = Number(line);
  if (leads === 0) {
    console.log(transform(lead));
    return;
  }
  const start = process.hrtime.bigint();
  for (let n = 0; n < leads; n += 1) kept += transform(lead).length;
  console.log(String(Number(process.hrtime.bigint() - start) / 1000));
});
