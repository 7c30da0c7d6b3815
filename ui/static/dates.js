// Two native date inputs: the browser's own picker, in the reader's own format. The value is {since, until}.
const inputs = [...element.querySelectorAll("input")];
const shown = () => inputs.forEach((input) => { input.value = props.value?.[input.name] ?? ""; });
inputs.forEach((input) => input.addEventListener("change", () => {
  props.value = Object.fromEntries(inputs.map((each) => [each.name, each.value]));
  trigger("input"); // Gradio itself says "change" when the server sets them
}));
watch("value", shown);
shown();
