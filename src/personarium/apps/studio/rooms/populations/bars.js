// Values with a bar each, as a table that can be read without the bars. Texts are put in by interpolation and bound attributes only.
const words = (number) => number.toLocaleString("en-US");

export default {
  template: `
    <div>
      <table class="bars" :class="{ aimed: rows.some((row) => row.target !== null) }">
        <caption class="unseen">{{ label }}</caption>
        <colgroup><col class="bars-label"><col><col class="bars-number"></colgroup>
        <thead class="unseen"><tr><th scope="col">{{ label }}</th><th scope="col">Share</th><th scope="col">Members</th></tr></thead>
        <tbody>
          <tr v-for="row in shown" :class="{ missed: row.target !== null && row.count !== row.target }">
            <th scope="row"><span class="clip" :title="row.label">{{ row.label }}</span></th>
            <td class="bars-cell"><span class="bars-track" aria-hidden="true">
              <span class="bars-fill" :style="{ width: part(row.count) }"></span>
              <span v-if="row.target !== null" class="bars-tick" :style="{ left: part(row.target) }"></span>
            </span></td>
            <td class="bars-count number">{{ text(row.count) }}<span v-if="row.target !== null" class="soft"> of {{ text(row.target) }}</span></td>
          </tr>
        </tbody>
      </table>
      <button v-if="rows.length > limit" type="button" class="bars-more" :aria-expanded="all" @click="all = !all">
        {{ all ? "Show fewer" : "Show all " + rows.length }}
      </button>
    </div>
  `,
  props: { label: String, rows: Array, limit: Number },
  data: () => ({ all: false }),
  computed: {
    shown() {
      return this.all ? this.rows : this.rows.slice(0, this.limit);
    },
    most() {
      return Math.max(1, ...this.rows.map((row) => Math.max(row.count, row.target ?? 0)));
    },
  },
  methods: {
    text: words,
    part(count) {
      return `${(100 * count) / this.most}%`;
    },
  },
};
