// What pages do beyond links and forms: charts are drawn, open menus close. Without it every page still works.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((n) => colour(`--x-series-${n}`));

  // What every axis looks like; a page's options say only what they are about.
  const axis = (given, ink, line) => ({
    axisLabel: { color: ink, hideOverlap: true, ...given.axisLabel },
    axisLine: { lineStyle: { color: line } },
    splitLine: { show: given.type === "value", lineStyle: { color: line } },
    nameTextStyle: { color: ink },
    ...given,
  });
  const each = (given, change) => (Array.isArray(given) ? given.map(change) : given && change(given));

  const dressed = (given) => {
    const ink = colour("--x-ink"), line = colour("--x-line");
    const many = (given.series || []).length > 1;
    const font = { color: ink, fontFamily: getComputedStyle(document.body).fontFamily };
    return {
      color: palette(),
      animation: false,
      aria: { enabled: true },
      textStyle: font,
      grid: { left: 8, right: 16, top: many ? 40 : 24, bottom: 8, containLabel: true },
      legend: many ? { top: 0, textStyle: font, type: "scroll" } : undefined,
      // Drawn as a picture: HTML with styles in it is what the pages' policy refuses.
      tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: colour("--x-card"), borderColor: line, textStyle: font },
      ...given,
      xAxis: each(given.xAxis, (one) => axis(one, ink, line)),
      yAxis: each(given.yAxis, (one) => axis(one, ink, line)),
    };
  };

  const drawn = new Map();
  const draw = (root) => {
    if (!window.echarts) return;
    for (const canvas of root.querySelectorAll("[data-chart]")) {
      const data = document.getElementById(canvas.dataset.chart);
      if (!data) continue;
      const chart = drawn.get(canvas) || echarts.init(canvas, null, { renderer: "svg" });
      chart.setOption(dressed(JSON.parse(data.textContent)), true);
      drawn.set(canvas, chart);
    }
  };
  const again = () => {
    for (const [canvas, chart] of drawn) {
      if (canvas.isConnected) continue;
      chart.dispose();
      drawn.delete(canvas);
    }
    draw(document);
  };

  addEventListener("DOMContentLoaded", () => draw(document));
  addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
  addEventListener("beforeprint", () => drawn.forEach((chart) => chart.resize()));
  document.addEventListener("htmx:after:swap", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });

  // A menu that is open closes by Escape, and when something else is looked at.
  const menus = () => document.querySelectorAll("details.x-drop[open], details.x-phone-menu[open]");
  document.addEventListener("click", (event) => {
    menus().forEach((one) => one.contains(event.target) || one.removeAttribute("open"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menus().forEach((one) => {
      one.removeAttribute("open");
      one.querySelector("summary").focus();
    });
  });
})();
