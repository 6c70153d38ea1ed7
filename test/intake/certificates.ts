import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for 127.0.0.1 signed by itself. @param from - as `openssl ca` takes dates, 20200101000000Z */
export function makeCertificate(folder: string, name: string, from?: string, until?: string): Certificate {
  const [cert, key, request] = ["cert", "key", "csr"].map((kind) => join(folder, `${name}.${kind}.pem`)) as [
    string,
    string,
    string,
  ];
  const run = (...args: string[]): void => {
    execFileSync("openssl", args, { stdio: "ignore", cwd: folder });
  };
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key];
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
  if (from === undefined || until === undefined) {
    run("req", "-x509", ...fresh, ...subject, "-days", "2", "-out", cert);
    return { cert, key };
  }
  // only `ca` takes dates
  run("req", ...fresh, ...subject, "-out", request);
  const config = `
[ca]
default_ca = own
[own]
database = ${name}.index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
`;
  execFileSync("sh", ["-c", `cat > ${name}.cnf && : > ${name}.index`], { input: config, cwd: folder });
  const dates = ["-startdate", from, "-enddate", until];
  run(
    "ca",
    "-batch",
    "-config",
    `${name}.cnf`,
    "-selfsign",
    "-keyfile",
    key,
    "-in",
    request,
    "-out",
    cert,
    ...dates,
  );
  return { cert, key };
}
