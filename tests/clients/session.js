// The environment that the tests set: the URL of the service, and the session of a signed-in user.

export const ORIGIN = process.env.API_URL;
export const WEB = "http://localhost:3000";
export const EXTENSION = "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj";

export class Session {
  loggedOut = 0;

  constructor(token = process.env.TOKEN) {
    this.token = token;
  }

  async getToken() {
    return this.token;
  }

  logOut() {
    this.loggedOut += 1;
  }
}

export const expired = () => new Session(process.env.EXPIRED_TOKEN);
