// Shows the number of the person that is chosen, and forgets the choice when another is entered.
(() => {
  const person = document.getElementById("person");
  const pid = document.getElementById("pid");
  person?.addEventListener("change", () => {
    pid.value = person.value;
  });
  pid.addEventListener("input", () => {
    if (person) person.value = "";
  });
  if (person?.value && !pid.value) pid.value = person.value;
})();
