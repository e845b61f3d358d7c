// A talk as a list of which only the turns near the screen exist; heights are measured as they appear and guessed before.
// What is said is put in by interpolation only, and grows piece by piece without the rest being sent again.
const GUESS = 132; // pixels of a turn that was never on the screen
const AROUND = 700; // pixels above and below the screen that exist too

export default {
  template: `
    <div class="talk-view">
      <div ref="box" class="talk-list" tabindex="0" role="region" :aria-label="label" @scroll.passive="scrolled"
           @keydown.home.self.prevent="toStart" @keydown.end.self.prevent="toEnd">
        <div :style="{ height: top + 'px' }"></div>
        <div v-for="item in shown" :key="item.key" :ref="seen" :data-key="item.key" class="turn"
             :class="[item.side, item.state, { mine: item.mine }]" role="article" :aria-label="item.name">
          <img v-if="item.portrait" class="portrait" :src="item.portrait" width="36" height="36" alt="">
          <div class="turn-body">
            <div class="turn-head">
              <span class="turn-name clip">{{ item.name }}</span>
              <span v-if="item.model" class="turn-model clip">{{ item.model }}</span>
              <button v-if="item.said && !item.played" type="button" class="tool" title="Branch from here"
                      aria-label="Branch from here" @click="act('branch', item)"><q-icon name="call_split"></q-icon></button>
            </div>
            <div v-if="item.text || item.state === 'saying'" class="bubble wrap"
                 :aria-busy="item.state === 'saying'">{{ item.text }}<span
                 v-if="item.state === 'saying'" class="caret" aria-hidden="true"></span></div>
            <div v-if="item.problem" class="turn-problem">
              <q-icon name="error_outline" aria-hidden="true"></q-icon><span class="wrap">{{ item.problem }}</span>
            </div>
            <div class="turn-foot" v-if="item.played && item.said">
              <button v-if="item.read" type="button" class="strip" @click="act('reading', item)"
                      :aria-label="item.read + '. Show the scores'">
                <span v-for="chip in item.chips" class="tag" :class="chip.kind" :title="chip.called">
                  <q-icon :name="chip.icon" aria-hidden="true"></q-icon><span class="clip">{{ chip.text }}</span>
                </span>
                <span v-if="item.more" class="tag">+{{ item.more }}</span>
                <span v-if="!item.chips.length" class="tag quiet">no fact asked for</span>
              </button>
              <span class="turn-tools">
                <button type="button" class="tool" title="What was sent"
                        aria-label="What was sent" @click="act('sent', item)"><q-icon name="data_object"></q-icon></button>
                <button type="button" class="tool" title="Compare two models here"
                        aria-label="Compare two models here" @click="act('compare', item)"><q-icon name="balance"></q-icon></button>
                <button type="button" class="tool" title="Branch from here" aria-label="Branch from here"
                        @click="act('branch', item)"><q-icon name="call_split"></q-icon></button>
              </span>
            </div>
          </div>
        </div>
        <div :style="{ height: rest + 'px' }"></div>
      </div>
      <div class="unseen" role="status">{{ told }}</div>
    </div>
  `,
  props: { rows: Array, label: String },
  emits: ["act"],
  data: () => ({ items: [], top: 0, rest: 0, first: 0, last: 0, told: "" }),
  created() {
    this.heights = new Map();
    this.atEnd = true;
    this.before = 0;
    this.fill(this.rows);
  },
  mounted() {
    this.sizes = new ResizeObserver((entries) => this.measured(entries));
    this.sizes.observe(this.$refs.box);
    for (const row of this.$refs.box.querySelectorAll(".turn")) this.sizes.observe(row);
    this.look();
    this.toEnd();
  },
  unmounted() {
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
  },
  computed: {
    shown() {
      return this.items.slice(this.first, this.last);
    },
  },
  methods: {
    fill(rows) {
      this.items = rows.map((row) => row);
      this.heights.clear();
      this.atEnd = true;
      this.told = "";
      this.first = Math.max(0, this.items.length - 12);
      this.last = this.items.length;
      this.place();
    },
    height(item) {
      return this.heights.get(item.key) ?? GUESS;
    },
    // How much room the turns take that do not exist.
    place() {
      const sum = (from, to) => this.items.slice(from, to).reduce((all, item) => all + this.height(item), 0);
      this.top = sum(0, this.first);
      this.rest = sum(this.last);
    },
    // Which turns exist: those between a screen's edge above and below.
    look() {
      const box = this.$refs.box;
      if (!box) return;
      const from = box.scrollTop - AROUND;
      const to = box.scrollTop + box.clientHeight + AROUND;
      let first = -1;
      let last = this.items.length;
      let y = 0;
      for (let index = 0; index < this.items.length; index++) {
        const below = y + this.height(this.items[index]);
        if (first < 0 && below >= from) first = index;
        if (y > to) {
          last = index;
          break;
        }
        y = below;
      }
      this.first = first < 0 ? Math.max(0, this.items.length - 12) : first;
      this.last = last;
      this.place();
    },
    scrolled() {
      const box = this.$refs.box;
      // Only somebody who scrolls up leaves the end; a turn that grows there does not.
      if (box.scrollHeight - box.scrollTop - box.clientHeight < 60) this.atEnd = true;
      else if (box.scrollTop < this.before - 1) this.atEnd = false;
      this.before = box.scrollTop;
      this.frame ??= requestAnimationFrame(() => {
        this.frame = null;
        this.look();
      });
    },
    seen(row) {
      if (row && this.sizes) this.sizes.observe(row);
    },
    // A turn above the screen that is higher than was guessed does not push what is being read: the browser holds on to it
    // (overflow-anchor), which goes on scrolling where it was.
    measured(entries) {
      const box = this.$refs.box;
      if (!box) return;
      for (const { target } of entries) {
        const key = Number(target.dataset?.key);
        if (key && target.isConnected) this.heights.set(key, target.offsetHeight);
      }
      this.look();
      if (this.atEnd) this.$nextTick(() => this.atEnd && this.toEnd());
    },
    // At once, and not by a way through everything that would have to be made first.
    toStart() {
      this.atEnd = false;
      this.$refs.box.scrollTop = this.before = 0;
      this.look();
    },
    toEnd() {
      const box = this.$refs.box;
      if (!box) return;
      box.scrollTop = box.scrollHeight;
      this.before = box.scrollTop;
      this.atEnd = true;
      this.look();
    },
    find(key) {
      for (let index = this.items.length - 1; index >= 0; index--) if (this.items[index].key === key) return index;
      return -1;
    },
    // Called from Python.
    reset(rows) {
      this.fill(rows);
      this.$nextTick(() => this.toEnd());
    },
    add(row) {
      this.items.push(row);
      this.atEnd = true; // whoever speaks wants to see it
      this.look();
      this.$nextTick(() => this.toEnd());
    },
    grow(key, piece) {
      const index = this.find(key);
      if (index >= 0) this.items[index].text += piece;
    },
    put(row) {
      const index = this.find(row.key);
      if (index < 0) return;
      const was = this.items[index].state;
      this.items[index] = row;
      if (was === "saying") this.told = row.state === "said" ? `${row.name}: ${row.text}` : row.problem;
    },
    drop(key) {
      const index = this.find(key);
      if (index >= 0) this.items.splice(index, 1);
      this.look();
    },
    act(what, item) {
      this.$emit("act", { what, key: item.key });
    },
  },
};
