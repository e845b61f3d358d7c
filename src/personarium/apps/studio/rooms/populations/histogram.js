// A number's distribution as columns; what it shows stands in words below and in its name.
const words = (number) => Number(number.toPrecision(4)).toLocaleString("en-US");

export default {
  template: `
    <div>
      <div class="histogram" role="img" :aria-label="said">
        <span v-for="bin in bins" class="histogram-bin" :title="text(bin.lo) + ' to ' + text(bin.hi) + ': ' + bin.count.toLocaleString('en-US')">
          <span :style="{ height: (100 * bin.count) / most + '%' }"></span>
        </span>
      </div>
      <div class="histogram-ends number soft tiny" aria-hidden="true">
        <span>{{ text(bins[0].lo) }}</span><span>most: {{ text(peak.lo) }} to {{ text(peak.hi) }}</span><span>{{ text(bins[bins.length - 1].hi) }}</span>
      </div>
    </div>
  `,
  props: { label: String, bins: Array },
  computed: {
    most() {
      return Math.max(1, ...this.bins.map((bin) => bin.count));
    },
    peak() {
      return this.bins.reduce((best, bin) => (bin.count > best.count ? bin : best));
    },
    said() {
      const end = this.bins[this.bins.length - 1].hi;
      return `${this.label}: from ${words(this.bins[0].lo)} to ${words(end)}, most members from ${words(this.peak.lo)} to ${words(this.peak.hi)} (${this.peak.count})`;
    },
  },
  methods: { text: words },
};
