// A table of any number of members of which only those near the window exist; what is missing is asked for while it scrolls into
// view. Texts are put in by interpolation and bound attributes only.
const ROW = 40; // pixels; the same for all, so that the browser knows where a row stands before it has it
const SPARE = 8; // rows above and below the window
const PAUSE_MS = 60;

export default {
  template: `
    <div ref="box" class="members" role="region" :aria-label="label" tabindex="0" @scroll.passive="look" @keydown="move">
      <table :aria-rowcount="total + 1" :style="{ width: wide + 'px' }">
        <colgroup><col v-for="column in columns" :style="{ width: column.width + 'px' }"></colgroup>
        <thead><tr aria-rowindex="1">
          <th v-for="column in columns" scope="col" :class="{ right: column.number }"><span class="clip" :title="column.label">{{ column.label }}</span></th>
        </tr></thead>
        <tbody>
          <tr v-if="first" aria-hidden="true"><td :colspan="columns.length" class="gap" :style="{ height: first * 40 + 'px' }"></td></tr>
          <tr v-for="item in shown" :key="item.index % 200" :aria-rowindex="item.index + 2" :class="{ waiting: !item.row }">
            <th scope="row"><button v-if="item.row" type="button" class="clip" :data-index="item.index" :title="item.row.cells[0]"
                @click="$emit('open', item.index)">{{ item.row.cells[0] }}</button></th>
            <td v-for="(column, at) in columns.slice(1)" :class="{ right: column.number }">
              <span v-if="item.row" class="clip" :title="item.row.cells[at + 1]">{{ item.row.cells[at + 1] }}</span></td>
          </tr>
          <tr v-if="total > last" aria-hidden="true"><td :colspan="columns.length" class="gap" :style="{ height: (total - last) * 40 + 'px' }"></td></tr>
        </tbody>
      </table>
    </div>
  `,
  props: { columns: Array, total: Number, rows: Array, page: Number, label: String },
  emits: ["need", "open"],
  data: () => ({ first: 0, last: 0, tick: 0 }),
  created() {
    this.store = new Map(this.rows.map((row, index) => [index, row]));
    this.asked = new Set([0]);
  },
  mounted() {
    this.sizes = new ResizeObserver(() => this.look());
    this.sizes.observe(this.$refs.box);
    this.look();
  },
  unmounted() {
    this.sizes.disconnect();
    clearTimeout(this.timer);
  },
  computed: {
    wide() {
      return this.columns.reduce((sum, column) => sum + column.width, 0);
    },
    shown() {
      this.tick; // the store is not reactive; this is
      const found = [];
      for (let index = this.first; index < this.last; index++) found.push({ index, row: this.store.get(index) });
      return found;
    },
  },
  methods: {
    look() {
      const box = this.$refs.box;
      if (!box) return;
      this.first = Math.max(0, Math.min(this.total, Math.floor(box.scrollTop / ROW) - SPARE));
      this.last = Math.min(this.total, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + SPARE);
      clearTimeout(this.timer); // whoever scrolls fast asks for nothing on the way
      this.timer = setTimeout(this.ask, PAUSE_MS);
    },
    ask() {
      for (let page = Math.floor(this.first / this.page); page * this.page < this.last; page++) {
        if (this.asked.has(page)) continue;
        this.asked.add(page);
        this.$emit("need", page * this.page);
      }
    },
    put(start, rows) {
      rows.forEach((row, index) => this.store.set(start + index, row));
      this.tick++;
    },
    // The arrow keys walk from member to member.
    async move(event) {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const at = Number(event.target.dataset?.index);
      if (!step || Number.isNaN(at)) return;
      event.preventDefault();
      this.$refs.box.querySelector(`[data-index="${at + step}"]`)?.focus();
    },
  },
};
