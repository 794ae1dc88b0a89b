// Makes the list of countries searchable: an editable combobox with a list (ARIA Authoring Practices).
// The list stays in the form, out of sight, and is what is sent.
(() => {
  const field = document.getElementById("country-field");
  const select = document.getElementById("country");
  const label = field.querySelector("label");
  const countries = [...select.options].filter((option) => option.value);
  let shown = [];
  let active = -1;

  const make = (tag, attributes) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  const box = make("div", { class: "combobox" });
  const input = make("input", {
    class: "ds-input",
    type: "text",
    id: "country-search",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: field.dataset.placeholder,
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "country-list",
  });
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  }
  label.id = "country-label";
  label.htmlFor = input.id;
  const list = make("ul", {
    class: "suggestions",
    id: "country-list",
    role: "listbox",
    "aria-labelledby": label.id,
  });
  list.hidden = true;
  const status = make("p", { class: "ds-sr-only", role: "status" });

  select.classList.add("ds-sr-only");
  select.tabIndex = -1;
  select.setAttribute("aria-hidden", "true");
  select.before(box);
  box.append(input, list, status);

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const activate = (position) => {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = position;
    const item = list.children[active];
    if (!item) return input.removeAttribute("aria-activedescendant");
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", item.id);
  };

  const choose = (option) => {
    select.value = option.value;
    input.value = option.text;
    status.textContent = "";
    close();
  };

  const tell = (count) => {
    const { none, hit, hits } = field.dataset;
    const text = count === 0 ? none : count === 1 ? hit : hits;
    status.textContent = text.replace("{count}", count);
  };

  const open = (wanted) => {
    shown = countries.filter((option) => plain(option.text).includes(wanted));
    list.replaceChildren(
      ...shown.map((option, position) => {
        const item = make("li", {
          role: "option",
          id: `country-${position}`,
          "aria-selected": "false",
        });
        item.textContent = option.text;
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          choose(option);
        });
        return item;
      }),
    );
    list.hidden = shown.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    activate(-1);
    tell(shown.length);
  };

  // What is typed in full is chosen; anything less is not.
  const typed = () => {
    const wanted = plain(input.value.trim());
    const option = countries.find((country) => plain(country.text) === wanted);
    select.value = option ? option.value : "";
  };

  input.addEventListener("input", () => {
    typed();
    open(plain(input.value.trim()));
  });
  input.addEventListener("click", () => {
    if (list.hidden) open("");
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open("");
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = active < 0 && step < 0 ? 0 : active;
      if (shown.length) activate((from + step + shown.length) % shown.length);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      choose(shown[active]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  select.addEventListener("change", () => {
    input.value = select.selectedOptions[0]?.value ? select.selectedOptions[0].text : "";
  });
  if (select.value) input.value = select.selectedOptions[0].text;
  // The summary of errors leads to the list.
  for (const link of document.querySelectorAll('a[href="#country"]')) link.hash = input.id;
})();
