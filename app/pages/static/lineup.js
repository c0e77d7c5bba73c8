// What links and forms cannot do: the light at once, copying, dragging, charts, pictures that do not come.
(() => {
  'use strict'

  const root = document.documentElement
  const toast = (text) => {
    const box = document.getElementById('toast')
    box.textContent = text
    clearTimeout(toast.timer)
    toast.timer = setTimeout(() => { box.textContent = '' }, 4000)
  }

  // The light: shown at once, kept by the server.
  const dark = () => (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  document.addEventListener('submit', (event) => {
    const form = event.target
    if (form.matches('[data-theme-form]')) {
      event.preventDefault()
      const fields = new URLSearchParams(new FormData(form))
      fields.set('theme', dark() ? 'light' : 'dark')
      root.dataset.theme = fields.get('theme')
      fetch(form.action, { method: 'POST', body: fields, redirect: 'manual' })
      document.dispatchEvent(new Event('lineup:theme'))
    } else if (form.dataset.confirm && !confirm(form.dataset.confirm)) {
      event.preventDefault()
    }
  })

  // Pictures that do not come leave what is behind them.
  document.addEventListener('error', (event) => {
    if (event.target instanceof HTMLImageElement) event.target.classList.add('broken')
  }, true)
  const stale = (within) => within.querySelectorAll('img').forEach((image) => {
    if (image.complete && image.getAttribute('src') && !image.naturalWidth) image.classList.add('broken')
  })

  // Copying also works where a page came over plain HTTP, and browsers have no clipboard for it.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      const box = document.createElement('textarea')
      box.value = text
      document.body.append(box)
      box.select()
      document.execCommand('copy')
      box.remove()
    }
    toast('Copied')
  }

  // Copying and moving by buttons.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button')
    if (!button) return
    if (button.dataset.copy !== undefined) {
      copy(document.getElementById(button.dataset.copy).value)
    } else if (button.dataset.copyText !== undefined) {
      copy(button.dataset.copyText)
    } else if (button.dataset.move) {
      const item = button.closest('[data-item]')
      const other = button.dataset.move === 'up' ? item.previousElementSibling : item.nextElementSibling
      if (other) button.dataset.move === 'up' ? other.before(item) : other.after(item)
      changed(item.parentElement)
      button.focus()
    }
  })

  // Dragging within a list; the form that sends the order appears with the first change.
  let dragged = null
  const changed = (list) => {
    const form = document.getElementById(list.dataset.form)
    form.hidden = false
    form.elements.items.value = [...list.querySelectorAll('[data-item]')].map((one) => one.dataset.item).join(',')
  }
  document.addEventListener('pointerdown', (event) => {
    const handle = event.target.closest('.handle')
    if (!handle) return
    dragged = handle.closest('[data-item]')
    dragged.classList.add('dragged')
    handle.setPointerCapture(event.pointerId)
    event.preventDefault()
  })
  document.addEventListener('pointermove', (event) => {
    if (!dragged) return
    for (const other of dragged.parentElement.children) {
      const place = other.getBoundingClientRect()
      if (other === dragged || event.clientY < place.top || event.clientY > place.bottom) continue
      event.clientY < place.top + place.height / 2 ? other.before(dragged) : other.after(dragged)
      break
    }
    if (event.clientY < 70) scrollBy(0, -12)
    if (event.clientY > innerHeight - 70) scrollBy(0, 12)
  })
  const drop = () => {
    if (!dragged) return
    dragged.classList.remove('dragged')
    changed(dragged.parentElement)
    dragged = null
  }
  document.addEventListener('pointerup', drop)
  document.addEventListener('pointercancel', drop)

  // Charts, from the numbers that the page holds.
  const paint = (name) => getComputedStyle(root).getPropertyValue(name).trim()
  const draw = (box) => {
    const told = JSON.parse(box.dataset.chart)
    const ink = paint('--soft-ink')
    const line = { stroke: paint('--line'), width: 1 }
    const tones = ['--accent', '--good', '--warn', '--bad'].map(paint)
    box.replaceChildren()
    const size = { width: box.clientWidth, height: 220 }
    const chart = new uPlot({
      ...size,
      cursor: { y: false },
      series: [{}, ...told.series.map((one, place) => ({
        label: one.name, stroke: tones[place % 4], width: 2, points: { show: told.times.length < 40, size: 5 }, spanGaps: true,
      }))],
      axes: [{ stroke: ink, grid: line, ticks: line }, { stroke: ink, grid: line, ticks: line, size: 62 }],
    }, [told.times, ...told.series.map((one) => one.values)], box)
    box.chart = chart
  }
  const charts = () => { if (window.uPlot) document.querySelectorAll('[data-chart]').forEach(draw) }
  document.addEventListener('lineup:theme', charts)
  let resized
  addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(charts, 150) })

  // Fields that matter for one choice alone.
  const fit = (select) => {
    document.querySelectorAll(`[data-only^="${select.name}="]`).forEach((part) => {
      part.hidden = select.value !== '' && !part.dataset.only.split('=')[1].split(' ').includes(select.value)
    })
  }
  const selects = () => document.querySelectorAll('select[data-decides]').forEach(fit)
  document.addEventListener('change', (event) => { if (event.target.matches('select[data-decides]')) fit(event.target) })

  document.addEventListener('htmx:responseError', () => toast('That did not work. Load the page again.'))
  document.addEventListener('htmx:afterSettle', (event) => { stale(event.detail.elt); selects() })
  // On a phone the strip of places is wider than the screen: the one that is shown comes into sight.
  const here = document.querySelector('.main-nav [aria-current]')
  if (here) here.closest('nav').scrollLeft = here.offsetLeft - innerWidth / 2 + here.offsetWidth / 2

  stale(document)
  charts()
  selects()
})()
