(function () {
  "use strict";
  var results = JSON.parse(document.getElementById("data").textContent).results;
  var box = document.getElementById("opened"), search = document.getElementById("search");
  var MOST = 100;

  // Every text becomes a text node: nothing that a declarer wrote is ever read as markup.
  function el(tag, attributes) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    for (var i = 2; i < arguments.length; i++) add(node, arguments[i]);
    return node;
  }
  function add(node, child) {
    if (child === null || child === undefined || child === "") return;
    if (Array.isArray(child)) child.forEach(function (c) { add(node, c); });
    else node.appendChild(child.nodeType ? child : document.createTextNode(String(child)));
  }
  function written(x) {
    if (Number.isInteger(x)) return x.toLocaleString("en-US");
    var size = Math.abs(x);
    if (size >= 1e15 || size < 1e-6) return x.toPrecision(4);
    return x.toLocaleString("en-US", size >= 1000 ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 6 });
  }
  function num(x, why) {
    if (x === null || x === undefined) return why ? el("abbr", { title: why }, "—") : "—";
    return el("data", { value: x, title: x }, written(x).replace("-", "−"));
  }
  function signed(x) { return x > 0 ? ["+", num(x)] : num(x); }
  function code(text) { return el("code", {}, text); }
  function mark(yes) { return yes ? el("small", { class: "mark" }, "示意") : null; }
  function two(zh, en) { return [zh, el("small", { lang: "en" }, en)]; }
  function table(id, heads, rows, numbers) {
    return el("div", { class: "scroll" }, el("table", { id: id },
      el("thead", {}, el("tr", {}, heads.map(function (h, i) {
        return el("th", { scope: "col", class: numbers[i] ? "n" : "" }, h);
      }))),
      el("tbody", {}, rows.map(function (row) {
        return el("tr", row.total ? { class: "total" } : {}, row.map(function (cell, i) {
          return el("td", { class: numbers[i] ? "n" : "text" }, cell);
        }));
      }))));
  }
  function facts(rows) {
    return el("dl", { class: "facts" }, rows.filter(Boolean).map(function (r) {
      return [el("dt", {}, r[0]), el("dd", {}, r[1])];
    }));
  }
  function reason(D, name) {
    if (!name) return "原因未载明";
    return D.reasons[name] ? D.reasons[name] + "（" + name + "）" : name;
  }
  function rule(r) { return [r[1] ? r[1] + "（" + r[0] + "）" : r[0], mark(r[2])]; }
  function grade(g, name) { return g ? g + " 级" + (name && name !== g ? "（" + name + "）" : "") : "无等级"; }
  function part(x, unit) { return [num(x), unit && x !== null ? el("small", { class: "under" }, unit) : null]; }

  function head(D, u) {
    var rated = u.s !== null && u.s !== undefined;
    return [
      facts([
        [two("方案 ", "scheme"), [D.scheme.name + "（" + D.scheme.code + "，版本 " + D.scheme.version + "）", mark(D.scheme.illustrative)]],
        rated ? [two("得分 ", "score"), [num(u.s), " 分"]] : [two("未评级 ", "not rated"), u.no ? rule(u.no) : "原因未载明"],
        rated ? [two("等级 ", "grade"), [grade(u.g, u.gn), mark(D.scheme.illustrative)]] : null,
        rated && u.v ? [two("一票否决 ", "veto"), rule(u.v)] : null,
        rated ? [two("名次 ", "rank"), ["全市第 ", num(u.r[0]), " 名", u.r[1] !== null ? [" · 区内第 ", num(u.r[1]), " 名"] : null,
          u.r[2] !== null ? [" · 组 ", u.q || "", " 内第 ", num(u.r[2]), " 名（共 ", num(u.r[3]), "）"] : null]] : null
      ])
    ];
  }
  function sure(D, u) {
    if (!u.st) return null;
    var s = u.st;
    function draw(name, low, high, probability) {
      if (low === null) return null;
      return [name, "：名次 ", num(low), " 至 ", num(high), probability === null ? null : ["，保持本等级的概率 ", num(probability)], "。"];
    }
    return [el("h3", {}, two("稳定性 ", "stability"), mark(s[7]), s[3] ? el("strong", { class: "flag" }, "须复核" + (s[18] ? "：取决于" + (D.hangs_on[s[18]] || s[18]) : "")) : null),
      el("p", {}, draw("权重变动", s[0], s[1], s[2]), draw("数据误差", s[10], s[11], s[12]), draw("权重与数据同时变动", s[13], s[14], s[15]),
        "抽样 ", num(s[4]), " 次", s[19] ? ["，数据误差 ", num(s[19]), " 次"] : null, "。"),
      s[8] === null ? null : el("p", {}, "数据误差下得分 ", num(s[8]), " 至 ", num(s[9]), "（5% 至 95%）。"),
      s[5] === null ? null : el("p", {}, "缺失数据可使得分在 ", num(s[5]), " 至 ", num(s[6]), " 之间", s[16] ? "，等级在 " + s[16] + " 至 " + s[17] + " 之间" : null, "。")];
  }
  function components(D, u) {
    var weighed = D.marked[u.w] || D.marked[D.scale] || [], k = u.k || [], medians = D.medians[u.q] || {};
    var rows = k.map(function (c) {
      var i = D.indicators[c[0]], ideal = c[1] === null ? null : D.ideals[c[1]];
      return [
        [i.name, mark(i.illustrative), el("small", { class: "under" }, i.code),
          c[14] ? el("small", { class: "under" }, "剔除该项则为 " + c[14] + " 级") : null],
        part(c[9], i.parts[0]), part(c[10], i.parts[1]),
        [c[2] === null && c[11] ? el("small", {}, reason(D, c[11])) : part(c[2], i.unit), c[8] ? el("small", { class: "under" }, "以组内平均代替") : null],
        num(medians[c[0]]),
        [num(c[3]), ideal && c[3] !== null ? mark(ideal[1]) : null],
        num(c[4]), [num(c[5]), c[5] ? mark(weighed.indexOf(c[0]) >= 0) : null], num(c[6]), num(c[7]),
        c[12] !== null ? part(c[12], i.unit) : c[13] ? el("small", {}, reason(D, c[13])) : "—"
      ];
    });
    if (u.t !== undefined) {
      var sum = ["合计", "", "", "", "", "", "", "", [num(u.t), el("small", { class: "under" }, "与得分相差 ", num(u.s - u.t))], "", ""];
      sum.total = true;
      rows.push(sum);
    }
    return [
      el("h3", {}, two("得分构成 ", "components")),
      table("components", [two("指标", "indicator"), two("分子", "numerator"), two("分母", "denominator"), two("数值", "value"),
        two("组中位数", "group median"), two("理想值", "ideal value"), two("标准化值", "standardised"), two("权重", "weight"),
        two("得分", "contribution"), two("障碍度", "obstacle degree"), two("升级所需", "needed value")], rows, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
      u.x ? el("p", {}, "升到 " + u.x[0] + " 级", u.x[1] !== null ? [" 需 ", num(u.x[1]), " 分"] : null,
        "。“升级所需”是其他条件不变、只改该项指标时所需的数值。") : null,
      el("p", { class: "soft" }, "无单位的指标，分子与分母单位相同。"), basis(D, u)
    ];
  }
  function basis(D, u) {
    return el("details", {}, el("summary", {}, "公式与理想值来源 ", el("small", { lang: "en" }, "formulas and sources")),
      table("basis", [two("指标", "indicator"), two("公式", "formula"), two("理想值来源", "source of the ideal value")], (u.k || []).map(function (c) {
        var i = D.indicators[c[0]], ideal = c[1] === null ? null : D.ideals[c[1]];
        return [[i.name, el("small", { class: "under", lang: "en" }, i.name_en)], [i.formula || "—", el("small", { class: "under", lang: "en" }, i.formula_en)],
          ideal && c[3] !== null ? [ideal[0] || "—", mark(ideal[1])] : "—"];
      }), [0, 0, 0]));
  }
  function weights(D, u) { return D.weights[u.w] || D.weights[D.scale] || []; }
  function method(D, u) {
    var rows = weights(D, u).map(function (w) {
      return [[w.method || "—", mark(w.illustrative)], w.source || "—", code(w.parameters || "")];
    });
    return rows.length ? el("details", {}, el("summary", {}, "权重方法（" + u.w + "）"),
      table("weights", [two("方法", "method"), two("来源", "source"), two("参数", "parameters")], rows, [0, 0, 0])) : null;
  }
  function change(D, u) {
    var c = u.ch;
    if (!c) return null;
    return [el("h3", {}, two("与上年相比 ", "change")), c[2] === null ? el("p", { class: "missing" }, reason(D, c[6])) :
      el("p", {}, "上年 ", num(c[0]), " 分", c[1] ? "（" + c[1] + " 级）" : null, "，变化 ", signed(c[2]), "：数据 ", signed(c[3]),
        "，理想值 ", signed(c[4]), "，权重与规则 ", signed(c[5]), c[6] ? "（" + reason(D, c[6]) + "）" : null, "。")];
  }
  function near(D, u) {
    if (!u.p) return null;
    var rows = u.p.map(function (name) {
      var own = D.at[name], p = own ? [own.n, own.r[2], own.s, own.g, own.gn] : D.peers[name];
      var row = [[own !== u && (own || D.page) ? el("a", { href: (D.page || "") + link(name) }, code(name)) : code(name), p[0] ? " " + p[0] : null],
        num(p[1]), num(p[2]), grade(p[3], p[4])];
      row.total = own === u;
      return row;
    });
    return [el("h3", {}, two("同组邻近单元 ", "peers")),
      table("peers", [two("单元", "unit"), two("组内名次", "rank"), two("得分", "score"), two("等级", "grade")], rows, [0, 1, 1, 0])];
  }
  function measures(u) {
    if (!u.m) return null;
    return [el("h3", {}, two("处置措施 ", "measures")), table("measures", [two("措施", "measure"), two("执行部门", "department"), two("理由", "reason")],
      u.m.map(function (m) { return [[m[0], mark(m[3])], m[1], m[2]]; }), [0, 0, 0])];
  }
  function shares(u) {
    if (!u.sh) return null;
    return [el("h3", {}, two("企业与份额 ", "enterprises and shares")),
      table("shares", [two("宗地", "parcel"), two("企业", "enterprise"), two("份额", "share"), two("依据", "basis")], u.sh.map(function (s) {
        return [code(s[0]), [code(s[1]), " " + (s[2] || "")], num(s[3]), s.slice(4).filter(Boolean).join("，")];
      }), [0, 0, 1, 0]),
      u.sn > u.sh.length ? el("p", { class: "soft" }, "其余 ", num(u.sn - u.sh.length), " 条见 bridge_parcel_enterprise。") : null];
  }
  function files(D, u) {
    var rows = (u.f || []).map(function (f) {
      var file = D.files[f[0]];
      return [file[0], [file[1], f[3] ? el("small", { class: "under" }, "发布之后才装入，不是这次得分的依据") : null],
        [f[2].join("、"), f[1] > f[2].length ? " 等共 " + f[1] + " 行" : null], el("code", { title: file[2] }, file[2].slice(0, 16) + "…")];
    });
    return [el("h3", {}, two("来源文件与行 ", "source files and rows")), rows.length ?
      table("sources", [two("数据集", "dataset"), two("文件", "file"), two("数据行", "data row"), "SHA-256"], rows, [0, 0, 0, 0]) :
      null, D.missing || !rows.length ? el("p", { class: "missing" }, D.missing || "没有找到这一单元当年采纳的申报行。") : null];
  }
  function unit(D, u) {
    return el("section", {}, el("h2", {}, D.unit, " ", code(u.c), u.n ? " " + u.n : null), head(D, u), components(D, u), method(D, u),
      sure(D, u), change(D, u), near(D, u), measures(u), shares(u), files(D, u));
  }
  function link(name) { return "#" + encodeURIComponent(name); }
  function show() {
    var name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch (error) { name = location.hash.slice(1); }
    box.replaceChildren();
    var alone = !search, known = false;
    results.forEach(function (D) {
      D.units.forEach(function (u) {
        if (alone || u.c === name) { box.appendChild(unit(D, u)); known = true; }
      });
    });
    if (known && !alone) { box.focus({ preventScroll: true }); box.scrollIntoView(); }
    if (!known && name) box.appendChild(el("section", {}, el("p", { class: "missing" }, "本页没有 ", code(name), "。")));
  }
  function list() {
    var D = results[0], wanted = search.value.trim().toUpperCase(), found = D.units.filter(function (u) {
      return !wanted || [u.c, u.n, u.g, u.no && u.no.join(" ")].join(" ").toUpperCase().indexOf(wanted) >= 0;
    });
    document.getElementById("count").textContent = "共 " + found.length + " 个" + (found.length > MOST ? "，列出前 " + MOST + " 个" : "");
    document.querySelector("#units tbody").replaceChildren.apply(document.querySelector("#units tbody"), found.slice(0, MOST).map(function (u) {
      return el("tr", {}, el("td", {}, el("a", { href: link(u.c) }, code(u.c))), el("td", { class: "text" }, u.n), el("td", { class: "n" }, num(u.r[0])),
        el("td", { class: "n" }, num(u.s)), el("td", { class: "text" }, u.no ? ["未评级：", rule(u.no)] : [grade(u.g, u.gn), u.v ? ["，一票否决：", rule(u.v)] : null]));
    }));
  }
  results.forEach(function (D) {
    D.at = Object.create(null);
    D.units.forEach(function (u) { D.at[u.c] = u; });
  });
  if (search) {
    search.addEventListener("input", list);
    list();
  }
  addEventListener("hashchange", show);
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = true; });
  });
  show();
})();
