/**
 * Stands in for `@daily-co/daily-js`, which the transport imports for its default media manager.
 * That one fetches a script from another host on connecting; this page brings a microphone of its
 * own (`microphone.ts`) and is to work without any other host, so none of that is bundled.
 */
export default {
  getCallInstance(): never {
    throw new Error("This page is built without the Daily media manager.");
  },
  createCallObject(): never {
    throw new Error("This page is built without the Daily media manager.");
  },
};
