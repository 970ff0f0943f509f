// Colors by role, for what is drawn on canvas. The same values stand in page.css for the rest.

const SANS = '"Inter","Segoe UI",-apple-system,BlinkMacSystemFont,Roboto,"Noto Sans","Liberation Sans",system-ui,sans-serif';
const SERIF = 'Charter,"Charis SIL",Georgia,"Noto Serif","DejaVu Serif",serif';

const LIGHT = {
  name: "light", multiply: true,
  paper: "#FBF9F4", ink: "#22211E", secondary: "#57534B", tertiary: "#6E685D", hairline: "#DED8CB", control: "#C9C1B1",
  side: ["#A0490A", "#0F5F66"], bar: ["#C07A38", "#5E9A9B"], ribbon: ["#C27A35", "#4F8D8F"],
  pale: ["#D0A07C", "#86B0AF"],
  danger: "#6A2F7C", held: "rgba(212,134,58,.20)", edge: "rgba(196,110,38,.30)",
  causes: ["#3B3A36", "#77716A", "#A59D90", "#CFC7B8", "#6A2F7C"],
  land: [246, 242, 232], wood: [211, 221, 191], built: [207, 197, 181], trees: [211, 221, 191], water: "#8FB6C4", waterText: "#3F6B7C",
  track: "rgba(201,193,177,.55)", roadCasing: "#C9C1B1", road: "#FFFDF8", twin: "#57534B", band: "rgba(94,154,155,.32)",
};

const DARK = {
  name: "dark", multiply: false,
  paper: "#17191B", ink: "#ECE7DC", secondary: "#B9B3A7", tertiary: "#9C968B", hairline: "#2F3234", control: "#45484A",
  side: ["#E59B52", "#6CC5C0"], bar: ["#A86F37", "#3F8583"], ribbon: ["#A86F37", "#3F8583"],
  pale: ["#8D6238", "#437875"],
  danger: "#C996DE", held: "rgba(214,132,56,.17)", edge: "rgba(229,155,82,.20)",
  causes: ["#E4DED2", "#A9A398", "#75716A", "#4A4947", "#C996DE"],
  land: [29, 32, 34], wood: [39, 50, 43], built: [67, 69, 74], trees: [42, 54, 46], water: "#3E6573", waterText: "#7FAABA",
  track: "rgba(69,72,74,.65)", roadCasing: "#0F1112", road: "#54585A", twin: "#B9B3A7", band: "rgba(63,133,131,.38)",
};

const DANGER_STEPS = [0.1, 0.25, 0.5, 0.8]; // expected hits per km at which the kill zone darkens
const DANGER_ALPHA = { light: 0.105, dark: 0.12 };

function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
