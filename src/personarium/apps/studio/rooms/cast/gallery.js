// A grid of persona cards of which only those near the screen exist; what is missing is asked for while it scrolls into view.
// Texts are put in by interpolation and bound attributes only.
const GAP = 14;
const PAUSE_MS = 80; // between two looks at how fast it scrolls
const BRISK = 1.5; // screens in that time: whoever moves faster sees no card anyway, so none is asked for and no picture drawn

const EMPTY = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";

export default {
  template: `
    <div ref="box" class="gallery" role="list" :aria-label="label" :style="{ height: lines * pitch - gap + 'px' }"
         @keydown="move">
      <div v-for="item in shown" :key="item.place" role="listitem" class="gallery-cell" :style="item.style"
           :aria-setsize="total" :aria-posinset="item.index + 1">
        <a v-if="item.card" class="persona-card" :href="item.card.url" :data-index="item.index">
          <img class="portrait" :src="item.picture" alt="" width="60" height="60">
          <span class="persona-text">
            <span class="persona-name clip">{{ item.card.name }}</span>
            <span class="persona-line two-lines">{{ item.card.line }}</span>
            <span class="persona-tags">
              <span v-for="tag in item.card.tags" class="tag" :class="tag.kind"><span class="clip">{{ tag.text }}</span></span>
            </span>
          </span>
        </a>
        <div v-else class="persona-card waiting" aria-busy="true"></div>
      </div>
    </div>
  `,
  props: { total: Number, cards: Array, version: Number, page: Number, height: Number, label: String },
  emits: ["need", "dragged"],
  data: () => ({ width: 0, first: 0, last: 0, tick: 0, gap: GAP, rushing: false }),
  created() {
    this.restart();
  },
  mounted() {
    this.sizes = new ResizeObserver(() => this.look());
    this.sizes.observe(this.$refs.box);
    this.scrolled = () => {
      this.frame ??= requestAnimationFrame(() => {
        this.frame = null;
        this.look();
      });
    };
    this.entered = (event) => {
      if (event.dataTransfer?.types.includes("Files")) this.$emit("dragged");
    };
    this.stray = (event) => event.preventDefault(); // a file dropped beside the zone must not replace the page
    addEventListener("scroll", this.scrolled, { passive: true });
    addEventListener("dragenter", this.entered);
    addEventListener("dragover", this.stray);
    addEventListener("drop", this.stray);
    this.look();
  },
  unmounted() {
    this.sizes.disconnect();
    removeEventListener("scroll", this.scrolled);
    removeEventListener("dragenter", this.entered);
    removeEventListener("dragover", this.stray);
    removeEventListener("drop", this.stray);
    clearTimeout(this.timer);
  },
  watch: {
    version() {
      this.restart();
      this.look();
    },
  },
  computed: {
    columns() {
      return Math.max(1, Math.floor((this.width + GAP) / (290 + GAP)));
    },
    pitch() {
      return this.height + GAP;
    },
    lines() {
      return Math.ceil(this.total / this.columns);
    },
    shown() {
      this.tick; // the store is not reactive; this is
      const wide = (this.width - (this.columns - 1) * GAP) / this.columns;
      const found = [];
      const end = Math.min(this.total, this.last * this.columns);
      const places = (Math.ceil(innerHeight / this.pitch) + 5) * this.columns; // elements are used again, not made anew
      for (let index = this.first * this.columns; index < end; index++) {
        const x = (index % this.columns) * (wide + GAP);
        const y = Math.floor(index / this.columns) * this.pitch;
        const style = { width: `${wide}px`, height: `${this.height}px`, transform: `translate(${x}px, ${y}px)` };
        const card = this.store.get(index);
        const picture = card && (this.drawn.has(index) || !this.rushing) ? card.portrait : EMPTY;
        if (picture !== EMPTY) this.drawn.add(index);
        found.push({ index, place: index % places, style, card, picture });
      }
      return found;
    },
  },
  methods: {
    restart() {
      this.store = new Map(this.cards.map((card, index) => [index, card]));
      this.asked = new Set(this.cards.length ? [0] : []);
      this.drawn = new Set(); // whose pictures the browser has
      this.tick++;
    },
    look() {
      if (!this.$refs.box) return;
      const box = this.$refs.box.getBoundingClientRect();
      this.width = box.width;
      const lines = Math.ceil(this.total / this.columns);
      this.first = Math.max(0, Math.min(lines, Math.floor(-box.top / this.pitch) - 2));
      this.last = Math.max(0, Math.min(lines, Math.ceil((innerHeight - box.top) / this.pitch) + 2));
      this.seen ??= box.top;
      this.rushing ||= Math.abs(box.top - this.seen) > BRISK * innerHeight;
      this.timer ??= setTimeout(this.settle, PAUSE_MS);
    },
    // A little later: ask for what is missing, or look again when it still moves fast.
    settle() {
      this.timer = null;
      const top = this.$refs.box?.getBoundingClientRect().top ?? 0;
      this.rushing = Math.abs(top - this.seen) > BRISK * innerHeight;
      this.seen = top;
      if (this.rushing) this.timer = setTimeout(this.settle, PAUSE_MS);
      else this.ask();
    },
    ask() {
      const from = Math.floor((this.first * this.columns) / this.page);
      const to = Math.floor((Math.min(this.total, this.last * this.columns) - 1) / this.page);
      for (let page = from; page <= to; page++) {
        if (this.asked.has(page)) continue;
        this.asked.add(page);
        this.$emit("need", { version: this.version, start: page * this.page });
      }
    },
    put(version, start, cards) {
      if (version !== this.version) return;
      cards.forEach((card, index) => this.store.set(start + index, card));
      this.tick++;
    },
    // The arrow keys walk through the grid; Tab goes from card to card as it does anywhere.
    async move(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
      const at = Number(event.target.dataset?.index);
      if (!step || Number.isNaN(at) || at + step < 0 || at + step >= this.total) return;
      event.preventDefault();
      this.$refs.box.querySelector(`[data-index="${at + step}"]`)?.focus();
    },
  },
};
