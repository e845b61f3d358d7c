// What is believed, by path: any number of entries, of which only those near the screen exist. Texts are interpolated, never HTML.
export default {
  template: `
    <div class="facts" role="group" :aria-label="label">
      <q-virtual-scroll role="presentation" :items="lines" scroll-target="body" :virtual-scroll-item-size="46" v-slot="{ item }">
        <div v-if="item.head" :key="'g' + item.head" class="facts-head">
          <button type="button" class="facts-fold" :aria-expanded="!folded[item.head]" @click="fold(item.head)">
            <q-icon :name="folded[item.head] ? 'chevron_right' : 'expand_more'" aria-hidden="true"></q-icon>
            <span class="facts-group">{{ item.head }}</span>
            <span class="soft small number">{{ item.count }}</span>
          </button>
        </div>
        <div v-else :key="item.id" class="fact" :class="{ over: item.over || item.archived, open: opened[item.id] }">
          <button type="button" class="fact-line" :aria-expanded="!!opened[item.id]" @click="toggle(item.id)">
            <span class="fact-label">{{ item.label || item.path || '–' }}</span>
            <span class="fact-words">
              <span class="fact-text">{{ item.text }}</span>
              <span v-if="item.of" class="tag">{{ item.of }}</span>
              <span v-if="item.archived" class="tag">archived</span>
            </span>
            <span class="fact-when number">{{ item.when }}</span>
            <span class="fact-sure number" :title="'Confidence ' + item.confidence">
              <span class="meter"><span :style="{ width: 100 * item.confidence + '%' }"></span></span>
              <span class="visually-hidden">confidence </span>{{ item.confidence.toFixed(2) }}
            </span>
            <q-icon :name="opened[item.id] ? 'expand_less' : 'expand_more'" class="fact-arrow" aria-hidden="true"></q-icon>
          </button>
          <div v-if="opened[item.id]" class="fact-more">
            <template v-if="details[item.id]">
              <div class="soft small">{{ item.path }} · {{ item.id }} · recorded {{ details[item.id].recorded }} · {{ details[item.id].by }}
                · importance {{ details[item.id].importance }}</div>
              <div class="fact-part">Because of</div>
              <div v-if="!details[item.id].sources.length" class="soft small">Nothing that was said: it was stated {{ details[item.id].by }}.</div>
              <blockquote v-for="one in details[item.id].sources" :key="one.id" class="quote">
                <span class="wrap">{{ one.text }}</span>
                <span class="soft tiny number">{{ one.who }}, {{ one.at }}<template v-if="one.session">, {{ one.session }}</template> · {{ one.id }}</span>
              </blockquote>
              <div v-if="details[item.id].more" class="soft small">and {{ details[item.id].more }} more</div>
              <template v-if="details[item.id].versions.length">
                <div class="fact-part">History</div>
                <ol class="versions">
                  <li v-for="one in details[item.id].versions" :key="one.id" :class="{ now: one.id === item.id }">
                    <span class="wrap">{{ one.text }}</span> <span class="soft tiny number">{{ one.when }}, recorded {{ one.recorded }}</span>
                  </li>
                </ol>
              </template>
              <div v-if="writable" class="line fact-acts">
                <q-btn v-if="!item.over && !item.archived" flat dense no-caps icon="edit" label="Correct" :aria-label="'Correct ' + item.text"
                       @click="$emit('act', ['correct', item.id])"></q-btn>
                <q-btn flat dense no-caps icon="delete_outline" label="Forget" :aria-label="'Forget ' + item.text"
                       @click="$emit('act', ['forget', item.id])"></q-btn>
              </div>
            </template>
            <div v-else class="soft small" aria-busy="true">Looking it up</div>
          </div>
        </div>
      </q-virtual-scroll>
    </div>
  `,
  props: { rows: Array, version: Number, writable: Boolean, label: String },
  emits: ["detail", "act"],
  data: () => ({ folded: {}, opened: {}, details: {} }),
  computed: {
    lines() {
      const found = [];
      let head = null;
      for (const row of this.rows) {
        if (head === null || head.head !== row.group) {
          head = { head: row.group, count: 0 };
          found.push(head);
        }
        head.count++;
        if (!this.folded[row.group]) found.push(row);
      }
      return found;
    },
  },
  watch: {
    version() {
      const here = new Set(this.rows.map((row) => row.id));
      this.details = {};
      for (const id of Object.keys(this.opened)) {
        if (this.opened[id] && here.has(id)) this.$emit("detail", id);
      }
    },
  },
  methods: {
    fold(group) {
      this.folded = { ...this.folded, [group]: !this.folded[group] };
    },
    toggle(id) {
      this.opened = { ...this.opened, [id]: !this.opened[id] };
      if (this.opened[id] && !this.details[id]) this.$emit("detail", id);
    },
    put(id, detail) {
      this.details = { ...this.details, [id]: detail };
    },
  },
};
