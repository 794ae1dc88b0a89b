// Goes on as soon as every service has heard of the logout, or when patience ends. It stands in the
// head, before the frames, so that none of them finishes unheard.
(() => {
  let finished = 0;
  let left = false;

  const goOn = () => {
    if (left) return;
    left = true;
    location.replace(document.getElementById("continue").href);
  };

  const goOnWhenAllHaveHeard = () => {
    if (document.readyState === "loading") return;
    if (finished >= document.querySelectorAll("iframe").length) goOn();
  };

  // The event does not bubble, but can be seen on its way down.
  document.addEventListener(
    "load",
    (event) => {
      if (event.target instanceof HTMLIFrameElement) {
        finished += 1;
        goOnWhenAllHaveHeard();
      }
    },
    true,
  );
  document.addEventListener("DOMContentLoaded", () => {
    setTimeout(goOn, document.getElementById("continue").dataset.patience * 1000);
    goOnWhenAllHaveHeard();
  });
})();
