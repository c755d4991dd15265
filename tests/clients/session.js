// What the tests hand over: where the service is, and a signed-in user's session.

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
